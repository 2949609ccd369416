"""What the understudy has to say of the products on its shelf, in both languages."""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.sandbox.asked import Asked

Pair = tuple[str, str]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """mechanism, targets: of its lead ingredient. risks: codes, as the real system has them."""

    reasons: tuple[Pair, ...]
    mechanism: Pair
    targets: Pair
    risks: tuple[str, ...] = ()
    liked: Pair = ("soothing", "舒缓")
    disliked: tuple[Pair, ...] = ()
    note: Pair = ("Patch-test behind the ear first.", "先在耳后试用。")


OF_THE_MOCK = Said(
    reasons=(
        ("Light texture that rarely weighs on the skin.", "质地轻薄，一般不会有负担。"),
        ("The lead ingredient suits a daily routine.", "主打成分适合日常使用。"),
    ),
    mechanism=("balances oil and supports the barrier", "平衡油脂，支持屏障"),
    targets=("shine and uneven tone", "出油和肤色不均"),
)
OF_WARES: dict[str, Said] = {
    "mock_cleanser_1": Said(
        reasons=(
            ("Low-foam and rinses off without a film.", "低泡，冲洗后不留膜感。"),
            ("Amino acid surfactants clean without stripping.", "氨基酸表活，洗后不拔干。"),
        ),
        mechanism=("mild surfactants lift oil without swelling the barrier", "温和表活带走油脂，不伤屏障"),
        targets=("everyday cleansing", "日常清洁"),
        liked=("no tight feeling", "洗后不紧绷"),
    ),
    "mock_moisturizer_1": Said(
        reasons=(
            ("Ceramides in the ratio that skin has itself.", "神经酰胺配比接近皮肤自身脂质。"),
            ("Fragrance-free and plain.", "不含香精，配方简单。"),
        ),
        mechanism=("fills the gaps between skin cells", "补充细胞间脂质"),
        targets=("dryness and a weak barrier", "干燥和屏障薄弱"),
        liked=("calming", "稳定皮肤"),
        disliked=(("a little rich in summer", "夏天略厚重"),),
    ),
    "mock_sunscreen_1": Said(
        reasons=(
            ("Mineral filter that rarely stings around the eyes.", "物理防晒，不易辣眼。"),
            ("Sits well under make-up.", "后续上妆服帖。"),
        ),
        mechanism=("reflects and absorbs UV light", "反射并吸收紫外线"),
        targets=("daily UV protection", "日常防晒"),
        disliked=(("slight white cast", "轻微泛白"),),
    ),
    "mock_serum_1": Said(
        reasons=(
            (
                "Five percent niacinamide: effective and usually well tolerated.",
                "5% 烟酰胺，有效且多数人耐受。",
            ),
            ("Watery, layers under any cream.", "水润质地，容易叠涂。"),
        ),
        mechanism=("slows the transfer of pigment and balances oil", "减少色素转移，平衡油脂"),
        targets=("uneven tone and shine", "肤色不均和出油"),
        liked=("brightening", "提亮"),
    ),
    "mock_treatment_1": Said(
        reasons=(
            ("A low, beginner-friendly strength.", "低浓度，适合新手。"),
            ("Nights only, with sunscreen by day.", "只在晚上用，白天要防晒。"),
        ),
        mechanism=("speeds up cell renewal", "加快细胞更新"),
        targets=("texture and fine lines", "粗糙和细纹"),
        risks=("high_irritation",),
        liked=("smoother skin", "皮肤更细滑"),
        disliked=(("flaking in the first weeks", "前几周会脱皮"),),
        note=("Two nights a week for the first month.", "第一个月每周两晚。"),
    ),
}


def assessment(asked: Asked, ware_id: str, lead: str, confidence: float) -> dict[str, Any]:
    """The `analyze` object. lead: its lead ingredient."""
    said = OF_WARES.get(ware_id, OF_THE_MOCK)
    return {
        "verdict": "Suitable",
        "confidence": confidence,
        "reasons": [asked.pick(*reason) for reason in said.reasons],
        "science_evidence": [
            {
                "key": lead,
                "grade": "B",
                "mechanism": asked.pick(*said.mechanism),
                "targets": [asked.pick(*said.targets)],
                "risks": list(said.risks),
            }
        ],
        "social_signals": {
            "typical_positive": ["soothing"] if said is OF_THE_MOCK else [asked.pick(*said.liked)],
            "typical_negative": [asked.pick(*words) for words in said.disliked],
            "top_keywords": ["soothing"] if said is OF_THE_MOCK else [],
        },
        "expert_notes": [asked.pick(*said.note)],
    }
