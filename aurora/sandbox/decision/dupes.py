"""What is like a product, and one product beside another (contract D 10.1): made up, in both languages.

Every product of the shelf has a few neighbours, cheaper, close and dearer; what nobody knows has those of the
mock product. A comparison tells the neighbour's own story if it names one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aurora.sandbox import wares
from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import SCHEMA, Cue, Reply, as_text

_LINES = re.compile(r"^(Original|Dupe): (.*)$", re.MULTILINE)
_MOCK = "mock_sku_1"


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A product like another. usd: how much more it costs, less below 0. feel: how else, EN and CN."""

    id: str
    en: str
    cn: str
    usd: float
    similarity: int
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    feel: tuple[str, str] = ("", "")
    brand: str = "Sideline"

    def product(self, asked: Asked, category: str) -> dict[str, Any]:
        """Itself as a product."""
        name = asked.pick(self.en, self.cn)
        return {
            "product_id": self.id,
            "sku_id": self.id,
            "brand": self.brand,
            "name": name,
            "display_name": f"{self.brand} {name}",
            "category": category,
        }


NEIGHBOURS: dict[str, tuple[Neighbour, ...]] = {
    "mock_cleanser_1": (
        Neighbour(
            id="side_cleanser_1", en="Plain Morning Wash", cn="素净晨间洁面", usd=-6, similarity=84,
            lacks=("glycerin",), feel=("Foams a little more and rinses faster.", "泡沫稍多，更容易冲净。"),
        ),
        Neighbour(
            id="side_cleanser_2", en="Cloud Milk Cleanser", cn="云感洁面乳", usd=0, similarity=78,
            adds=("panthenol",), feel=("A milk instead of a gel.", "乳液质地，不是啫喱。"),
        ),
        Neighbour(
            id="side_cleanser_3", en="Oat Cushion Cleanser", cn="燕麦软垫洁面", usd=11, similarity=73,
            adds=("oat extract", "fragrance"), feel=("Creamier, with a light scent.", "更绵密，带淡淡香味。"),
        ),
    ),
    "mock_moisturizer_1": (
        Neighbour(
            id="side_moisturizer_1", en="Everyday Ceramide Lotion", cn="日常神经酰胺乳", usd=-9,
            similarity=88, lacks=("panthenol",), feel=("Lighter, sinks in faster.", "更轻薄，吸收更快。"),
        ),
        Neighbour(
            id="side_moisturizer_2", en="Simple Barrier Balm", cn="简单屏障霜", usd=-5, similarity=81,
            lacks=("ceramides",), adds=("petrolatum",),
            feel=("Richer, better at night.", "更厚润，适合晚上用。"),
        ),
        Neighbour(
            id="side_moisturizer_3", en="Soft Shell Cream", cn="柔壳面霜", usd=0, similarity=79,
            adds=("squalane",), feel=("Similar slip, a little more glow.", "延展性接近，光泽感略强。"),
        ),
        Neighbour(
            id="side_moisturizer_4", en="Atelier Repair Cream", cn="工坊修护霜", usd=34, similarity=76,
            adds=("peptides",), feel=("Silkier finish.", "收尾更丝滑。"),
        ),
    ),
    "mock_sunscreen_1": (
        Neighbour(
            id="side_sunscreen_1", en="City Shade SPF 50", cn="城市遮光防晒 SPF50", usd=-7, similarity=82,
            feel=("May leave a faint white cast.", "可能稍微泛白。"), adds=("alcohol denat",),
        ),
        Neighbour(
            id="side_sunscreen_2", en="Open Sky Fluid SPF 50", cn="晴空防晒乳 SPF50", usd=0, similarity=80,
            feel=("Sheer, no tint.", "轻透，无着色。"),
        ),
        Neighbour(
            id="side_sunscreen_3", en="Glass Veil SPF 50+", cn="琉璃防晒 SPF50+", usd=15, similarity=75,
            adds=("niacinamide",), feel=("Dewier on dry skin.", "干皮上妆更水润。"),
        ),
    ),
    "mock_serum_1": (
        Neighbour(
            id="side_serum_1", en="Clear Day Niacinamide", cn="净日烟酰胺精华", usd=-8, similarity=90,
            lacks=("zinc",), feel=("Thinner, a touch tackier.", "更稀薄，略黏。"),
        ),
        Neighbour(
            id="side_serum_2", en="Quiet Tone Essence", cn="静肤匀亮精华", usd=0, similarity=77,
            lacks=("niacinamide",), adds=("tranexamic acid",), feel=("Watery and quick.", "水感，吸收快。"),
        ),
        Neighbour(
            id="side_serum_3", en="Pearl Line Serum", cn="珠光精华", usd=22, similarity=72,
            adds=("vitamin c", "fragrance"), feel=("Silky, lightly scented.", "丝滑，有轻微香味。"),
        ),
    ),
    "mock_treatment_1": (
        Neighbour(
            id="side_treatment_1", en="Evening Retinol 0.1", cn="晚间视黄醇 0.1", usd=-10, similarity=80,
            feel=("Half the strength, gentler to begin with.", "浓度减半，新手更温和。"), lacks=("squalane",),
        ),
        Neighbour(
            id="side_treatment_2", en="Bakuchiol Night Oil", cn="补骨脂酚夜间油", usd=-3, similarity=68,
            lacks=("retinol",), adds=("bakuchiol",),
            feel=("An oil instead of a serum.", "油状，不是精华质地。"),
        ),
        Neighbour(
            id="side_treatment_3", en="Clinic Retinal 0.05", cn="诊所视黄醛 0.05", usd=29, similarity=74,
            adds=("retinal",), lacks=("retinol",), feel=("Airless pump.", "真空泵包装。"),
        ),
    ),
    _MOCK: (
        Neighbour(
            id="mock_dupe_1", brand="MockDupeBrand", en="Mock Dupe Product", cn="平替样品", usd=-12,
            similarity=82, lacks=("niacinamide",), adds=("peptides",),
            feel=("Feels lighter on the skin.", "肤感更轻薄。"),
        ),
    ),
}  # fmt: skip
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
    listed = NEIGHBOURS[known.id if known else _MOCK]
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
            asked.pick(
                "The dupe leaves out niacinamide, so expect less help with shine.",
                "平替不含烟酰胺，控油、匀净肤色的效果预计会弱一些。",
            ),
            asked.pick(
                "It adds peptides and feels lighter than the original.",
                "平替多了胜肽，整体肤感会比原品更轻薄、更清爽。",
            ),
        ]
    lacks, adds = ", ".join(found.lacks), ", ".join(found.adds)
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
