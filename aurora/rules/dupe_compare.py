"""One product beside another: what the sources say, and the card that carries it (contract D 2.4, 3.4).

Sources are the comparison itself, the alternatives that stand in the original's own answer, and what is in
either product. The best of them with something to say wins; with none, one line says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from aurora.contract.envelope import FieldMissing, Lang
from aurora.rules import alternatives, evidence
from aurora.rules.dupe_tradeoffs import Made, fit_to_stand, in_language, of_alternative, of_ingredients
from aurora.rules.notices import pick
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_reading import product_name, product_of
from aurora.rules.text import fold, strings_in
from aurora.rules.treatment import numeric
from aurora.rules.upstream_answer import first_object, harmless, too_deep

NO_ANSWER: Final = "upstream_missing_or_unstructured"
INVALID: Final = "upstream_missing_or_invalid"
EMPTY: Final = "upstream_missing_or_empty"
NOT_LISTED: Final = "dupe_not_found_in_alternatives"
FROM_ANALYSES: Final = "tradeoffs_from_product_analyze_diff"
FROM_SCANS: Final = "compare_tradeoffs_missing_used_deepscan_diff"
_USED_ANALYSES = "dupe_not_in_alternatives_used_analyze_diff"  # of the evidence

_MOST_CODES = 12
_MOST_NAMED = 12
_MOST_MERGED = 3
_MOST_KEYS = 6
_CODE = re.compile(r"[a-z][a-z0-9_.]{1,63}", re.ASCII)
_NAME = re.compile(r"[^a-z0-9\u3400-\u9fff]+")
_LEAST_LATIN, _LEAST_HAN = 5, 3  # signs of a name that may stand for a longer one
_MERGED = (
    *(("science", key) for key in ("mechanisms", "fit_notes", "risk_notes")),
    *(("social_signals", key) for key in ("typical_positive", "typical_negative", "risk_for_groups")),
    ("", "expert_notes"),
)
_SIDES = {"original": ("original", "original_product", "originalProduct"),
          "dupe": ("dupe", "dupe_product", "dupeProduct")}  # fmt: skip
_LOOKS_LIKE = frozenset({
    *(key for keys in _SIDES.values() for key in keys),
    "tradeoffs", "tradeoffs_detail", "tradeoffsDetail", "similarity", "similarity_score", "similarityScore",
})  # fmt: skip


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says. tradeoffs: lines, maybe none. similarity: 0..100. confidence: 0..1.

    original, dupe: as the source names them. codes: `missing_info` of the card. gaps: its `field_missing`.
    """

    tradeoffs: list[str] = []
    similarity: int | None = None
    detail: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    confidence: float | None = None
    codes: list[str] = []
    gaps: list[tuple[str, str]] = []
    original: dict[str, Any] | None = None
    dupe: dict[str, Any] | None = None

    def payload(self, original: Mapping[str, Any], dupe: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
        """Payload of the `dupe_compare` card; its first line is a whole sentence, whatever came in."""
        shown: dict[str, Any] = {"original": dict(original), "dupe": dict(dupe)}
        if self.similarity is not None:
            shown["similarity"] = self.similarity
        if self.detail:
            shown["tradeoffs_detail"] = self.detail
        return {
            **shown,
            "tradeoffs": fit_to_stand(self.tradeoffs, lang),
            "evidence": self.evidence or evidence.shaped(None),
            "confidence": self.confidence,
            "missing_info": list(dict.fromkeys(self.codes))[:_MOST_CODES],
        }

    def field_missing(self) -> list[FieldMissing]:
        """What the card declares."""
        gaps = [
            *self.gaps,
            *([] if self.tradeoffs or _names(self.gaps, "tradeoffs") else [("tradeoffs", EMPTY)]),
        ]
        return [FieldMissing(field, reason) for field, reason in dict.fromkeys(gaps)]


def nothing() -> Comparison:
    """Nobody said anything."""
    return Comparison(
        evidence=evidence.shaped(None),
        codes=[NO_ANSWER, "evidence_missing"],
        gaps=[
            ("tradeoffs", NO_ANSWER),
            *evidence.gaps(None),
            ("confidence", INVALID),
        ],
    )


def read_answer(
    structured: Mapping[str, Any] | None,
    answer: str | None,
    dupe: Mapping[str, Any],
    lang: Lang,
    *,
    fragile: bool,
) -> Comparison | None:
    """The comparison in the answer to `Task: Compare`, in either of its shapes; None if there is none."""
    listed = alternatives.found_in(answer=answer, structured=structured, cards=())
    if listed:
        found = read_alternatives(listed, dupe, lang, fragile=fragile)
        if found is not None:
            return found
    for source in (first_object(answer), structured):
        if source is not None and not too_deep(source) and not _LOOKS_LIKE.isdisjoint(source):
            return _flat(harmless(dict(source)), lang, fragile=fragile)
    return None


def read_alternatives(
    listed: Iterable[Mapping[str, Any]], dupe: Mapping[str, Any], lang: Lang, *, fragile: bool
) -> Comparison | None:
    """What the alternatives of the original say of the wanted product; None if it is not among them."""
    read = islice(listed, alternatives.MOST_READ)
    clean = [harmless(dict(one)) for one in read if not too_deep(one)]
    for item in alternatives.normalise(clean, lang, most=alternatives.MOST_READ):
        if same_product(item["product"], dupe):
            return _of_item(item, lang, fragile=fragile)
    return None


def from_ingredients(
    original: Analysis | None,
    dupe: Analysis | None,
    made: tuple[Made, Made],
    lang: Lang,
    *,
    fragile: bool,
    scanned: bool,
) -> Comparison | None:
    """What is in either product, put side by side; None if that says nothing.

    made: what they are made of, original first. scanned: deep scans were asked for, as the last resort.
    """
    lines = of_ingredients(*made, lang, fragile=fragile)
    if not lines:
        return None
    merged = _merged(original, dupe, made, lang)
    sure = [one.confidence for one in made if one.confidence is not None]
    confidence = round(sum(sure) / len(sure), 4) if sure else None
    codes = [FROM_ANALYSES, FROM_SCANS] if scanned else [NOT_LISTED]
    if not scanned:
        merged["missing_info"] = [_USED_ANALYSES]
    return Comparison(
        tradeoffs=lines,
        evidence=merged,
        confidence=confidence,
        codes=codes,
        gaps=[*evidence.gaps(merged), *_unsure(confidence)],
    )


def same_product(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two objects mean one product: the same id, else one name standing for the other."""
    ids = [{_id(product, key) for key in ("sku_id", "product_id")} - {""} for product in (one, other)]
    if ids[0] & ids[1]:
        return True
    names = sorted((compact(product_name(one)), compact(product_name(other))), key=len)
    if not names[0]:
        return False
    latin = names[0].isascii()
    return names[0] == names[1] or (
        len(names[0]) >= (_LEAST_LATIN if latin else _LEAST_HAN) and names[0] in names[1]
    )


def compact(name: str) -> str:
    """A name without anything but letters, digits and Chinese signs, to compare by."""
    return _NAME.sub("", fold(name[:400]))


def shown(
    asked: Mapping[str, Any], candidates: Iterable[Mapping[str, Any] | None], analysis: Analysis | None
) -> dict[str, Any]:
    """One side of the card: what was asked for, filled up by whoever speaks of the same product.

    asked: its known keys; at least a name. A guess, or an answer about something else, fills in nothing.
    """
    told = dict(asked)
    for candidate in candidates:
        if candidate is not None and same_product(candidate, asked):
            told = {**candidate, **told}
    keys = analysis.key_ingredients[:_MOST_KEYS] if analysis is not None else []
    if keys and not told.get("key_actives"):
        told["key_actives"] = keys
    return told


# --- the two shapes of an answer


def _flat(found: Mapping[str, Any], lang: Lang, *, fragile: bool) -> Comparison:
    given, beside = found.get("tradeoffs"), _either(found, "tradeoffs_detail", "tradeoffsDetail")
    detail, said = alternatives.read_tradeoffs([given] if isinstance(given, str) else given)
    detail = detail or alternatives.read_tradeoffs(beside)[0]
    sure = numeric(found.get("confidence"))
    proof = found.get("evidence")
    unknown = [] if isinstance(proof, Mapping) else ["evidence_missing"]
    return Comparison(
        tradeoffs=in_language(said, lang) or of_alternative(detail, lang, fragile=fragile),
        similarity=alternatives.percent(_either(found, "similarity", "similarity_score", "similarityScore")),
        detail=detail,
        evidence=evidence.shaped(proof),
        confidence=None if sure is None else round(max(0.0, min(1.0, sure)), 4),
        codes=[*_codes(_either(found, "missing_info", "missingInfo")), *unknown],
        gaps=[*evidence.gaps(proof), *_unsure(sure)],
        original=_side(found, "original"),
        dupe=_side(found, "dupe"),
    )


def _of_item(item: Mapping[str, Any], lang: Lang, *, fragile: bool) -> Comparison:
    """An alternative, as `alternatives.normalise` shapes it, as a comparison with its original."""
    detail = item["tradeoffs_detail"]
    lines = of_alternative(detail, lang, fragile=fragile) if detail else in_language(item["tradeoffs"], lang)
    proof = item["evidence"]
    named = [
        *detail.get("missing_actives", [])[:_MOST_NAMED],
        *detail.get("added_benefits", [])[:_MOST_NAMED],
    ]
    science = {**proof["science"], "key_ingredients": proof["science"]["key_ingredients"] or named}
    told = {**proof, "science": science}
    if named:
        told["missing_info"] = [code for code in proof["missing_info"] if code != "evidence_missing"]
    confidence = item["confidence"]
    return Comparison(
        tradeoffs=lines,
        similarity=item["similarity"],
        detail=detail,
        evidence=told,
        confidence=confidence,
        codes=_codes(item["missing_info"]),
        gaps=[
            *([] if told["expert_notes"] else [("evidence.expert_notes", EMPTY)]),
            *_unsure(confidence),
        ],
        dupe=product_of(item["product"]),
    )


def _merged(
    original: Analysis | None, dupe: Analysis | None, made: tuple[Made, Made], lang: Lang
) -> dict[str, Any]:
    """Evidence of both sides, three lines of each that name whose they are; ingredients of both together."""
    proofs = [(_of(side, lang), one.evidence) for side, one in ((0, original), (1, dupe)) if one is not None]
    whole = evidence.shaped({"science": {}, "social_signals": {}})
    for block, key in _MERGED:
        holder = whole[block] if block else whole
        holder[key] = [
            f"{whose}{line}"
            for whose, proof in proofs
            for line in (proof.get(block, {}) if block else proof).get(key, [])[:_MOST_MERGED]
        ]
    both = [name for one in made for name in one.ingredients[:_MOST_KEYS]]
    whole["science"]["key_ingredients"] = list(dict.fromkeys(both))
    return whole


def _of(side: int, lang: Lang) -> str:
    return pick(lang, (("Original: ", "原款："), ("Dupe: ", "替代款："))[side])


# --- small readers


def _side(found: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    return next((product for key in _SIDES[name] if (product := product_of(found.get(key)))), None)


def _unsure(confidence: float | None) -> list[tuple[str, str]]:
    return [] if confidence is not None else [("confidence", INVALID)]


def _either(holder: Mapping[str, Any], *keys: str) -> Any:
    return next((holder[key] for key in keys if key in holder), None)


def _names(gaps: Iterable[tuple[str, str]], field: str) -> bool:
    return any(name == field for name, _ in gaps)


def _codes(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [code for code in strings_in(listed, _MOST_CODES) if _CODE.fullmatch(code)]


def _id(product: Mapping[str, Any], key: str) -> str:
    value = product.get(key)
    return value.strip().lower() if isinstance(value, str) else ""
