"""What an analysis from a product page says, in both languages."""

from __future__ import annotations

Pair = tuple[str, str]

MECHANISMS: dict[str, Pair] = {
    "retinoid": (
        "Retinoids speed up renewal and help with lines, bumps and uneven tone.",
        "维 A 类加快角质更新，改善细纹、粗糙和肤色不均。",
    ),
    "benzoyl_peroxide": (
        "Benzoyl peroxide cuts down the bacteria behind breakouts.",
        "过氧化苯甲酰能减少引发痘痘的细菌。",
    ),
    "bha": ("Salicylic acid clears pores from the inside.", "水杨酸能进入毛孔，疏通堵塞。"),
    "aha": ("Fruit acids loosen dead cells and smooth the surface.", "果酸类软化老废角质，让皮肤更平滑。"),
    "azelaic_acid": ("Azelaic acid calms redness and fades marks.", "壬二酸有助于缓解泛红、淡化痘印。"),
    "niacinamide": (
        "Niacinamide evens oil and tone and supports the barrier.",
        "烟酰胺调节油脂、匀净肤色，也有助于屏障。",
    ),
    "tranexamic_acid": ("Tranexamic acid targets stubborn dark spots.", "传明酸针对顽固色斑。"),
    "vitamin_c": (
        "Vitamin C brightens and guards against oxidative stress.",
        "维生素 C 提亮肤色，并帮助抗氧化。",
    ),
    "hydroquinone": (
        "Hydroquinone slows pigment; many places keep it for prescriptions.",
        "氢醌能抑制色素生成，在不少地区属于处方成分。",
    ),
    "arbutin": ("Arbutin slows pigment gently.", "熊果苷温和地抑制色素生成。"),
    "bakuchiol": (
        "Bakuchiol is a milder, plant-based way to smooth skin.",
        "补骨脂酚是较温和的植物抗老成分。",
    ),
    "peptides": ("Peptides support firmness over time.", "胜肽长期使用有助于紧致。"),
    "ceramides": ("Ceramides refill the skin's own barrier.", "神经酰胺补充皮肤自身的屏障脂质。"),
    "panthenol": ("Panthenol soothes and helps skin recover.", "泛醇舒缓皮肤，帮助修护。"),
    "centella": ("Centella calms visible redness.", "积雪草有助于舒缓泛红。"),
    "hyaluronic_acid": ("Hyaluronic acid holds water at the surface.", "透明质酸为皮肤表层锁住水分。"),
    "glycerin": ("Glycerin draws water in and keeps skin supple.", "甘油吸水保湿，让皮肤柔软。"),
    "squalane": ("Squalane softens without a heavy feel.", "角鲨烷柔润皮肤，不厚重。"),
    "occlusives": ("A protective layer keeps water from escaping.", "封闭性油脂形成保护膜，减少水分流失。"),
    "zinc": ("Zinc salts help with shine and spots.", "锌盐有助于控油、缓解痘痘。"),
    "sunscreen_filters": ("UV filters shield skin from the sun.", "防晒剂帮助皮肤抵御紫外线。"),
}  # fmt: skip

RISKS: dict[str, Pair] = {
    "acids": (
        "Has exfoliating acids: start with one or two evenings a week, and use sunscreen.",
        "含去角质的酸类：先从每周一两晚开始，白天注意防晒。",
    ),
    "retinoids": (
        "Has a retinoid: go slowly, evenings only, and not in pregnancy.",
        "含维 A 类成分：循序渐进、仅晚上使用，孕期不要用。",
    ),
    "fragrance": (
        "Has fragrance, which sensitive skin may not like.",
        "含香精或易致敏的香料，敏感皮肤可能不耐受。",
    ),
    "drying_alcohol": ("Has a drying alcohol high in the list.", "酒精在成分表中排位靠前，可能偏干。"),
    "benzoyl_peroxide": (
        "Has benzoyl peroxide, which dries skin and bleaches fabric.",
        "含过氧化苯甲酰，可能偏干，也会让织物褪色。",
    ),
    "hydroquinone": (
        "Has hydroquinone: use it only as a doctor tells you.",
        "含氢醌：请在医生指导下使用。",
    ),
}  # fmt: skip

CAUTIONS: dict[str, Pair] = {
    "acids": (
        "The acids in it may be too much for skin as reactive as yours right now.",
        "其中的酸类对目前这样敏感的皮肤可能过强。",
    ),
    "retinoids": (
        "The retinoid in it may be too much for skin as reactive as yours right now.",
        "其中的维 A 类对目前这样敏感的皮肤可能过强。",
    ),
    "fragrance": ("The fragrance in it may set off sensitive skin.", "其中的香精可能引起敏感皮肤不适。"),
}

READ_FROM_LIST: Pair = (
    "I read the ingredient list on the product page: {count} ingredients.",
    "我读了商品页上的成分表，共 {count} 种成分。",
)
STANDS_OUT: Pair = ("What stands out: {names}.", "比较值得留意的成分：{names}。")
PLAIN_LIST: Pair = (
    "No strong active and no fragrance in it that I recognise.",
    "没有看到我认得出的强效活性成分或香精。",
)

THEMES: dict[str, Pair] = {
    "hydrating": ("hydrating", "保湿"),
    "lightweight": ("light texture", "质地清爽"),
    "soothing": ("soothing", "温和舒缓"),
    "brightening": ("brightening", "提亮"),
    "clears_skin": ("clearer skin", "痘痘减少"),
    "sticky": ("sticky or heavy", "黏腻或厚重"),
    "pilling": ("pilling", "搓泥"),
    "drying": ("drying", "偏干"),
    "irritation": ("stinging or irritation", "刺激或刺痛"),
    "breakouts": ("breakouts", "闷痘"),
    "strong_scent": ("strong scent", "气味偏重"),
}
GROUPS_AT_RISK: Pair = (
    "Sensitive skin, or skin with a weakened barrier",
    "敏感或屏障受损的皮肤",
)
