"""Judging what the report model wrote: kept as far as it holds, else rejected whole (contract C 15)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis.content import MAX_FEATURES, Feature
from aurora.rules.notices import pick

MAX_ANSWER = 20_000
MAX_OBSERVATION = 120
MAX_STRATEGY = 420
_SURE = frozenset({"pretty_sure", "somewhat_sure", "not_sure"})

FORBIDDEN = (
    "rosacea", "eczema", "psoriasis", "dermatitis", "melanoma", "infection", "antibiotic", "steroid",
    "hydrocortisone", "tretinoin", "adapalene", "isotretinoin", "accutane", "clindamycin", "doxycycline",
    "metronidazole",
    "玫瑰痤疮", "湿疹", "银屑病", "皮炎", "感染", "抗生素", "激素", "氢化可的松", "维a酸", "异维a酸",
    "阿达帕林", "克林霉素", "多西环素", "甲硝唑",
)  # fmt: skip
"""Both languages' lists, whatever the reply language: a model may answer in the other one."""

_FENCE = re.compile(r"\A\s*```[A-Za-z]*[ \t]*\n?(.*?)\n?```\s*\Z", re.DOTALL)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_BLANKS = re.compile(r"\s+")
_SEEN_PHOTO = re.compile(
    r"(?:in|from|on) (?:your|the|this) (?:photo|picture|image|selfie)|(?:从|根据|看)你?的?(?:照片|自拍)",
    re.IGNORECASE,
)


class Report(msgspec.Struct, frozen=True):
    """A report that passed: 1 to 6 features or none, a strategy that ends with its question."""

    features: tuple[Feature, ...]
    strategy: str
    needs_risk_check: bool


def judge(answer: str | None, lang: Lang, *, saw_photo: bool = False) -> Report | None:
    """The report in the model's answer text, None when it must be rejected.

    saw_photo: the model was shown one; any other may not claim to have seen it.
    """
    if not answer or len(answer) > MAX_ANSWER:
        return None
    fenced = _FENCE.match(answer)
    try:
        body = msgspec.json.decode(fenced.group(1) if fenced else answer)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    if not isinstance(body, dict):
        return None
    features = _features(body.get("features"))
    told = _clean(body.get("strategy"))
    strategy = _one_question(told, lang)
    if strategy is None or (len(features) < 2 and not told):
        return None
    # Read before cutting, so that a forbidden word cannot hide behind the cut.
    everything = " ".join([*_observations(body.get("features")), told]).lower()
    if any(term in everything for term in FORBIDDEN):
        return None
    if not saw_photo and _SEEN_PHOTO.search(everything):
        return None
    risk = body.get("needs_risk_check", body.get("needsRiskCheck"))
    return Report(tuple(features), strategy, risk is True)


def _observations(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else []
    return [_clean(e.get("observation")) for e in entries if isinstance(e, dict)]


def _features(value: Any) -> list[Feature]:
    found: list[Feature] = []
    for entry in value if isinstance(value, list) else []:
        if not isinstance(entry, dict):
            continue
        text = _clean(entry.get("observation"))
        if not text:
            continue
        sure = entry.get("confidence")
        known = sure if isinstance(sure, str) and sure in _SURE else "somewhat_sure"
        found.append(Feature(_cut(text, MAX_OBSERVATION), known))
        if len(found) == MAX_FEATURES:
            break
    return found


def _one_question(told: str, lang: Lang) -> str | None:
    """The strategy cut after its last question mark, earlier ones made full stops; None if it asks nothing.

    An empty one gets the question that matters most.
    """
    if not told:
        return pick(lang, (
            "Has your skin stung or turned red lately?",
            "最近皮肤有没有刺痛或泛红？",
        ))  # fmt: skip
    kept = told[:MAX_STRATEGY]
    end = max(kept.rfind("?"), kept.rfind("？"))
    if end < 0:
        return None
    return kept[:end].replace("?", ".").replace("？", "。") + kept[end]


def _clean(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return _BLANKS.sub(" ", _UNSEEN.sub(" ", value)).strip()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
