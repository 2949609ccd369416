"""What is like a product, and one product beside another (contract D 10.1): made up, in both languages.

Every product of the shelf has a few neighbours, cheaper, close and dearer; what nobody knows has those of the
mock product. A comparison tells the neighbour's own story if it names one.
"""

from __future__ import annotations

import re

from aurora.sandbox import wares
from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import SCHEMA, Cue, Reply, as_text
from aurora.sandbox.neighbours import IN_CN, MOCK, NEIGHBOURS, Neighbour

_LINES = re.compile(r"^(Original|Dupe): (.*)$", re.MULTILINE)


_TOKEN_LIST = (
    Neighbour(
        id="mock_dupe_1", brand="MockDupeBrand", en="Mock Dupe One", cn="平替一号", usd=-12, similarity=92,
        lacks=("niacinamide",), adds=("peptides",), feel=("Lighter on the skin.", "肤感更轻薄。"),
    ),
    Neighbour(
        id="mock_dupe_2", brand="MockDupeBrand", en="Mock Dupe Two", cn="平替二号", usd=-7, similarity=88,
        adds=("glycerin",), feel=("A little richer.", "稍微厚润一点。"),
    ),
    Neighbour(
        id="mock_close_1", brand="MockCloseBrand", en="Mock Close One", cn="相近一号", usd=0, similarity=84,
        adds=("squalane",), feel=("Nearly the same slip.", "延展性几乎一样。"),
    ),
    Neighbour(
        id="mock_premium_1", brand="MockPremiumBrand", en="Mock Premium One", cn="高阶一号", usd=9,
        similarity=80, adds=("peptides", "ceramides"), feel=("Silkier finish.", "收尾更丝滑。"),
    ),
)  # fmt: skip


def alternatives(asked: Asked) -> Reply:
    """`Task: Deep-scan this product and list products that could replace it`."""
    known = _on_the_shelf(f"{asked.anchor_id}\n{asked.message}")
    listed = NEIGHBOURS[known.id if known else MOCK]
    if known is None and _is_the_dupe(asked.message):
        listed = ()
    return _listing(asked, listed, known.category if known else "serum")


def dupe_suggest_test(asked: Asked) -> Reply:
    """DUPE_SUGGEST_TEST: two cheaper ones, one at the same price, one dearer."""
    return _listing(asked, _TOKEN_LIST, "serum")


def compare(asked: Asked) -> Reply:
    """`Task: Compare`; with COMPARE_EMPTY_TEST nothing to compare was found."""
    told = dict(_LINES.findall(asked.message))
    original, dupe = (told.get(side, "").strip() for side in ("Original", "Dupe"))
    known = _on_the_shelf(original)
    empty = "COMPARE_EMPTY_TEST" in asked.query
    found = next(
        (one for one in _all() if one.id in dupe or one.en.lower() in dupe.lower() or one.cn in dupe), None
    )
    actives = list(known.actives) if known else ["niacinamide"]
    body = {
        "original": wares.sku(known, asked.lang) if known else {"name": original or "Mock Parsed Product"},
        "dupe": found.product(asked, known.category if known else "serum") if found else {"name": dupe},
        "tradeoffs": [] if empty else _lines(asked, found),
        "evidence": None if empty else {"science": {"key_ingredients": actives}},
        "confidence": 0.5,
        "missing_info": [],
    }
    if found is not None and not empty:
        body["similarity"] = found.similarity
    return {"answer": as_text(body), "intent": "dupe_compare"}


def _lines(asked: Asked, found: Neighbour | None) -> list[str]:
    if found is None:
        return [
            # Of wares that it has never heard of it says nothing that their own answers could deny.
            asked.pick(
                "The dupe feels lighter and sinks in faster than the original.",
                "平替的肤感更轻薄，上脸吸收得比原品快一些。",
            ),
            asked.pick(
                "The original leaves a softer finish, which dry skin may prefer.",
                "原品的收尾更柔润，偏干的皮肤可能更喜欢。",
            ),
        ]
    lacks, adds = (
        asked.pick(", ".join(names), "、".join(IN_CN[name] for name in names))
        for names in (found.lacks, found.adds)
    )
    said = [
        asked.pick(f"It leaves out {lacks} that the original has.", f"它不含原品里的{lacks}。")
        if lacks
        else "",
        asked.pick(f"It adds {adds} on top of the shared base.", f"在相近的基底上，多了{adds}。")
        if adds
        else "",
        asked.pick(*found.feel),
    ]
    if found.usd:
        much = f"{abs(found.usd):g}"
        said.append(
            asked.pick(f"It costs about {much} dollars less.", f"价格大约便宜 {much} 美元。")
            if found.usd < 0
            else asked.pick(f"It costs about {much} dollars more.", f"价格大约贵 {much} 美元。")
        )
    return [line for line in said if line]


def _listing(asked: Asked, listed: tuple[Neighbour, ...], category: str) -> Reply:
    rows = [
        {
            "product": one.product(asked, category),
            "similarity_score": one.similarity,
            "tradeoffs": {
                "missing_actives": list(one.lacks),
                "added_benefits": list(one.adds),
                "texture_finish_differences": [asked.pick(*one.feel)],
                "price_delta_usd": one.usd,
            },
            "reasons": [
                asked.pick("Similar idea, lower price.", "思路相近，价格更低。")
                if one.usd < 0
                else asked.pick("Built for the same job.", "定位和用途相近。")
            ],
        }
        for one in listed
    ]
    structured = {"schema_version": SCHEMA, "alternatives": rows}
    return {"answer": as_text({"alternatives": rows}), "intent": "alternatives", "structured": structured}


def _on_the_shelf(text: str) -> wares.Ware | None:
    low = text.lower()
    for ware in wares.SHELF:
        if ware.id in low or " ".join(ware.name_en.lower().split()[:2]) in low or ware.name_cn[:2] in text:
            return ware
    return None


def _is_the_dupe(text: str) -> bool:
    low = text.lower()
    return any(one.id in low or one.en.lower() in low or one.cn in text for one in _all())


def _all() -> tuple[Neighbour, ...]:
    return (*(one for listed in NEIGHBOURS.values() for one in listed), *_TOKEN_LIST)


TOKENS: tuple[Cue, ...] = (("DUPE_SUGGEST_TEST", dupe_suggest_test),)
TASKS: tuple[Cue, ...] = (
    ("Task: Deep-scan this product and list", alternatives),
    ("Task: Compare", compare),
)
