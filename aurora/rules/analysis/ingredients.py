"""Ingredients of a plan: how people call them, how to use them, why to leave them (contract C 21)."""

from __future__ import annotations

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick
from aurora.rules.text import fold

Pair = tuple[str, str]


class Ingredient(msgspec.Struct, frozen=True):
    """names: needles in somebody's own words, in both languages. use: guidance lines."""

    id: str
    names: tuple[str, ...]
    use: tuple[Pair, ...]


TABLE: tuple[Ingredient, ...] = (
    Ingredient(
        "sunscreen_filters",
        ("sunscreen", "spf", "防晒"),
        (
            ("Every morning as the last step, SPF 30 or more.", "每天早上最后一步，SPF30 以上。"),
            (
                "Two finger-lengths for face and neck; again every two hours outdoors.",
                "面部和颈部两指长的量，户外每两小时补涂。",
            ),
        ),
    ),
    Ingredient(
        "ceramide_np",
        ("ceramide", "神经酰胺"),
        (
            ("Morning and night, on slightly damp skin.", "早晚使用，趁皮肤微湿时涂。"),
            ("Safe to layer over anything else.", "可以叠在任何步骤之后。"),
        ),
    ),
    Ingredient(
        "panthenol",
        ("panthenol", "b5", "泛醇", "维生素b5"),
        (
            (
                "Morning and night, and whenever your skin feels tight or warm.",
                "早晚使用，皮肤紧绷或发热时也可以补。",
            ),
        ),
    ),
    Ingredient(
        "glycerin",
        ("glycerin", "glycerol", "甘油"),
        (("In a serum or cream, morning and night.", "选择含甘油的精华或面霜，早晚使用。"),),
    ),
    Ingredient(
        "hyaluronic_acid",
        ("hyaluron", "玻尿酸", "透明质酸"),
        (("On damp skin, then close it in with a cream.", "趁皮肤湿润时涂，再用面霜锁住。"),),
    ),
    Ingredient(
        "niacinamide",
        ("niacinamide", "nicotinamide", "烟酰胺"),
        (
            ("Start with 4-5% once a day.", "从 4%～5%、每天一次开始。"),
            ("If your face flushes, go every other day.", "如果脸发热泛红，改成隔天用。"),
        ),
    ),
    Ingredient(
        "zinc_pca", ("zinc", "pca锌", "锌"), (("Once a day on oilier areas.", "每天一次，用在偏油的部位。"),)
    ),
    Ingredient(
        "salicylic_acid",
        ("salicylic", "bha", "水杨酸"),
        (
            ("At most 2%, one or two nights a week to begin with.", "浓度不超过 2%，先从每周 1～2 晚开始。"),
            ("Not on the same night as other strong actives.", "不要和其他强功效成分同晚使用。"),
        ),
    ),
    Ingredient(
        "azelaic_acid",
        ("azelaic", "壬二酸"),
        (
            ("10% or less, every other night, a thin layer.", "浓度不超过 10%，隔晚薄涂。"),
            ("A light tingle may pass; stop if it burns.", "轻微刺感通常会过去，若灼热就停用。"),
        ),
    ),
    Ingredient(
        "benzoyl_peroxide",
        ("benzoyl", "bpo", "过氧化苯甲酰"),
        (
            ("2.5%, a thin layer on the spot, two nights a week.", "2.5% 浓度，局部薄涂，每周两晚。"),
            ("It bleaches towels and pillowcases.", "会让毛巾和枕套褪色，请注意。"),
        ),
    ),
    Ingredient(
        "ascorbic_acid",
        ("ascorbic", "vitamin c", "维c", "维生素c"),
        (
            ("In the morning, 10% or less to begin with.", "早上使用，先选 10% 以内的浓度。"),
            ("Sunscreen after it, always.", "之后一定要涂防晒。"),
        ),
    ),
    Ingredient(
        "retinol",
        ("retinol", "retinal", "retinoid", "视黄醇", "视黄醛", "a醇"),
        (
            ("Two nights a week, a pea-sized amount, on dry skin.", "每周两晚，豌豆大小，等皮肤干了再涂。"),
            (
                "Never beside acids on the same night; sunscreen every morning.",
                "不要和酸类同晚使用，每天早上防晒。",
            ),
        ),
    ),
)

BY_ID = {ingredient.id: ingredient for ingredient in TABLE}

STRONG = ("retinol", "salicylic_acid", "benzoyl_peroxide", "ascorbic_acid")
"""Left out of a gentle plan, and weakened where the barrier is fragile."""

REASONS: dict[str, Pair] = {
    "barrier": ("Your barrier needs repair first.", "屏障需要先修护。"),
    "sensitivity": ("Your skin is sensitive; this often irritates.", "你的皮肤偏敏感，它容易带来刺激。"),
    "redness": ("It can feed redness.", "可能加重泛红。"),
    "low_confidence": ("We know too little yet to suggest it safely.", "目前信息太少，还不适合推荐。"),
    "pregnancy": ("Best avoided while pregnant, trying or breastfeeding.", "备孕、孕期和哺乳期建议避开。"),
    "medication": ("Too much beside the acne medicine you take.", "与你正在用的祛痘药叠加，负担太重。"),
    "contraindication": ("You told us to stay away from it.", "你说过要避开它。"),
    "sting": ("Your skin has been stinging; let it calm first.", "皮肤最近有刺痛，先让它平静下来。"),
}
"""Why an ingredient is on the avoid list."""

CONFLICTS: tuple[tuple[str, frozenset[str], Pair], ...] = (
    (
        "retinoid_x_acids",
        frozenset({"retinol", "salicylic_acid"}),
        (
            "Retinol and acids on one night ask too much: alternate the nights.",
            "A 醇和酸类同晚使用负担太大：请隔夜交替。",
        ),
    ),
    (
        "retinoid_x_benzoyl_peroxide",
        frozenset({"retinol", "benzoyl_peroxide"}),
        (
            "Benzoyl peroxide can undo retinol: one in the morning, one at night, or alternate days.",
            "过氧化苯甲酰会影响 A 醇：请早晚分开，或隔天使用。",
        ),
    ),
    (
        "acids_x_vitamin_c",
        frozenset({"salicylic_acid", "ascorbic_acid"}),
        (
            "Acids and a strong vitamin C together may sting: vitamin C by day, acid by night.",
            "酸类和高浓度维 C 同用可能刺痛：维 C 放早上，酸类放晚上。",
        ),
    ),
    (
        "acids_x_benzoyl_peroxide",
        frozenset({"salicylic_acid", "benzoyl_peroxide"}),
        (
            "Salicylic acid and benzoyl peroxide together dry the skin out: use them on different nights.",
            "水杨酸和过氧化苯甲酰同用容易过干：请分开在不同的晚上。",
        ),
    ),
)
"""Pairs of targets that must not meet: id, the pair, what to do instead."""

LOW_CONFIDENCE_GUARD: tuple[str, Pair] = (
    "low_confidence_guard",
    ("Until we know more: repair, hydration and sunscreen only.", "在了解更多之前，只做修护、保湿和防晒。"),
)


def guidance(ingredient_id: str, lang: Lang) -> list[str]:
    """How to use it, at most four lines."""
    return [pick(lang, line) for line in BY_ID[ingredient_id].use][:4]


def named_in(text: str, ingredient_id: str) -> bool:
    """Whether somebody's words name the ingredient."""
    told = fold(text)
    return any(name in told for name in BY_ID[ingredient_id].names)
