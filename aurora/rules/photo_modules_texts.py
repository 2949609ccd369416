"""The words of the photo card: what shows where, which ingredient helps and why, when to see a doctor.

Ingredients here are only those of the plan; what is not in the plan is never named. Each explanation stays
well below the 220 characters that the client allows, each reason below its 300.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from aurora.skin.measured import IssueType, QualityReason, Region

Pair = tuple[str, str]

PARTS: Final[dict[Region, Pair]] = {
    "forehead": ("forehead", "额头"),
    "left_cheek": ("left cheek", "左脸颊"),
    "right_cheek": ("right cheek", "右脸颊"),
    "nose": ("nose", "鼻子"),
    "chin": ("chin", "下巴"),
}

# What is seen, at severity 1, at 2, and at 3 and 4.
SEEN: Final[dict[IssueType, tuple[Pair, Pair, Pair]]] = {
    "redness": (
        ("A soft flush shows on your {part}.", "{part}微微泛红。"),
        ("Your {part} is visibly redder than the rest of your face.", "{part}比脸上其他地方明显更红。"),
        (
            "Redness stands out on your {part}. Let's keep things calm here.",
            "{part}泛红很突出，这里先以舒缓为主。",
        ),
    ),
    "shine": (
        ("Your {part} catches a little light.", "{part}有一点反光。"),
        ("Your {part} has a visible shine.", "{part}看起来油亮油亮的。"),
        ("Your {part} is very shiny in this photo.", "这张照片里，{part}的油光很重。"),
    ),
    "texture": (
        ("The surface of your {part} looks slightly uneven.", "{part}的肤质稍有些不平整。"),
        ("The surface of your {part} looks uneven up close.", "凑近看，{part}不太平滑。"),
        ("Uneven texture stands out on your {part}.", "{part}的粗糙感比较突出。"),
    ),
    "tone": (
        ("Parts of your {part} are a touch darker than the skin around.", "{part}有些地方颜色稍深。"),
        ("Your {part} shows darker areas.", "{part}能看到颜色偏深的地方。"),
        (
            "Darker areas stand out on your {part}; a shadow can add to that.",
            "{part}的深浅差别很明显，也可能有阴影的关系。",
        ),
    ),
    "acne": (
        ("A small spot or two show on your {part}.", "{part}有零星的小痘点。"),
        ("Some small spots show on your {part}.", "{part}冒了一些小痘点。"),
        (
            "Small spots stand out on your {part}. Hands off, they settle faster that way.",
            "{part}的小痘点比较明显。先别用手碰，会好得更快。",
        ),
    ),
}

NAMES: Final[dict[str, Pair]] = {
    "sunscreen_filters": ("Sunscreen, SPF 30 or more", "防晒（SPF30 以上）"),
    "ceramide_np": ("Ceramides", "神经酰胺"),
    "panthenol": ("Panthenol (vitamin B5)", "泛醇（维生素 B5）"),
    "glycerin": ("Glycerin", "甘油"),
    "hyaluronic_acid": ("Hyaluronic acid", "玻尿酸"),
    "niacinamide": ("Niacinamide", "烟酰胺"),
    "zinc_pca": ("Zinc PCA", "PCA 锌"),
    "salicylic_acid": ("Salicylic acid", "水杨酸"),
    "azelaic_acid": ("Azelaic acid", "壬二酸"),
    "benzoyl_peroxide": ("Benzoyl peroxide", "过氧化苯甲酰"),
    "ascorbic_acid": ("Vitamin C", "维生素 C"),
    "retinol": ("Retinol", "视黄醇（A 醇）"),
}

# Which ingredients help with what, most fitting first.
HELPS: Final[dict[IssueType, dict[str, Pair]]] = {
    "redness": {
        "panthenol": ("Soothes skin that flushes easily.", "舒缓容易发红的皮肤。"),
        "ceramide_np": ("Mends the barrier, so less gets through to irritate.", "修护屏障，减少外来刺激。"),
        "azelaic_acid": ("Gently evens out redness over some weeks.", "坚持几周，能温和地改善泛红。"),
        "niacinamide": ("Strengthens the barrier and calms.", "强韧屏障，同时安抚皮肤。"),
        "sunscreen_filters": (
            "Sun keeps redness going; this shields from it.",
            "日晒会让泛红更久，防晒能挡住它。",
        ),
    },
    "shine": {
        "niacinamide": ("Helps balance oil without drying.", "帮助平衡出油，又不拔干。"),
        "zinc_pca": ("Keeps oil in check where it shows.", "帮助控制局部出油。"),
        "salicylic_acid": ("Clears oil out of the pores.", "帮助清理毛孔里的油脂。"),
    },
    "texture": {
        "salicylic_acid": (
            "Loosens what builds up in and around the pores.",
            "帮助松动堆积在毛孔周围的角质。",
        ),
        "niacinamide": ("Refines the look of the surface over time.", "慢慢让肤质看起来更细致。"),
        "retinol": ("Smooths the surface over months.", "坚持几个月，皮肤会更平滑。"),
        "ceramide_np": ("Skin with a sound barrier feels and looks smoother.", "屏障稳了，皮肤自然更平滑。"),
        "hyaluronic_acid": ("Plumps the surface with water.", "补足水分，皮肤更饱满。"),
        "glycerin": ("Holds water, so the surface looks smoother.", "锁住水分，看起来更平滑。"),
    },
    "tone": {
        "sunscreen_filters": ("The step that does most for an even tone.", "想让肤色均匀，这一步最有用。"),
        "ascorbic_acid": ("Brightens and evens over some weeks.", "坚持几周，提亮并均匀肤色。"),
        "niacinamide": ("Softens uneven areas bit by bit.", "一点点淡化不均匀的地方。"),
        "azelaic_acid": ("Fades darker marks gently.", "温和地淡化偏深的印记。"),
    },
    "acne": {
        "salicylic_acid": ("Keeps pores clear where spots begin.", "疏通毛孔，从源头减少痘点。"),
        "azelaic_acid": ("Calms spots and the marks they leave.", "改善痘点，也淡化留下的印子。"),
        "benzoyl_peroxide": ("Works on single inflamed spots.", "针对个别红肿的痘点。"),
        "niacinamide": ("Takes down oil and redness around spots.", "减轻痘点周围的油光和泛红。"),
        "zinc_pca": ("Less oil leaves spots less to grow on.", "油少一点，痘点也少一点。"),
        "ceramide_np": ("A calm barrier copes better with spots.", "屏障稳定，长痘时也更好恢复。"),
        "panthenol": ("Comforts skin around spots.", "舒缓痘点周围的皮肤。"),
    },
}


class Use(msgspec.Struct, frozen=True):
    """When, and how often at first; never more often than `ingredients` advises."""

    time: Literal["AM", "PM", "AM_PM"]
    frequency: Literal["daily", "2-3x_week", "weekly"]


USES: Final[dict[str, Use]] = {
    "sunscreen_filters": Use("AM", "daily"),
    "ceramide_np": Use("AM_PM", "daily"),
    "panthenol": Use("AM_PM", "daily"),
    "glycerin": Use("AM_PM", "daily"),
    "hyaluronic_acid": Use("AM_PM", "daily"),
    "niacinamide": Use("AM", "daily"),
    "zinc_pca": Use("AM", "daily"),
    "salicylic_acid": Use("PM", "weekly"),
    "azelaic_acid": Use("PM", "2-3x_week"),
    "benzoyl_peroxide": Use("PM", "2-3x_week"),
    "ascorbic_acid": Use("AM", "daily"),
    "retinol": Use("PM", "2-3x_week"),
}

STOP: Final[Pair] = (
    "Stop if it stings, burns or turns red, and let your skin rest.",
    "如果刺痛、灼热或泛红就停用，让皮肤休息。",
)
PATCH: Final[Pair] = (
    "Try it on a small area first.",
    "先在小范围试用。",
)

_UNCLEAR: Final[Pair] = (
    "Your photo is usable, but not ideal. Take these marks as a first impression.",
    "照片可以用，但不够理想，这些标记就当作初步印象。",
)
NOTICES: Final[dict[QualityReason | None, Pair]] = {
    None: _UNCLEAR,
    "low_skin_coverage": (
        "Some of your face is covered or out of the picture, so these marks may miss something.",
        "脸有一部分被挡住或没拍到，这些标记可能不全。",
    ),
    "blur": (
        "Your photo is a little soft. Fine details may look smoother than they are.",
        "照片有点糊，细节可能看起来比实际更平滑。",
    ),
    "too_dark": (
        "The light is low in your photo. Daylight at a window shows more.",
        "照片偏暗。到窗边用自然光拍，会看得更清楚。",
    ),
    "too_bright": (
        "The light is strong in your photo, so shine may look like more than it is.",
        "照片光线偏强，油光可能显得比实际更重。",
    ),
    "white_balance_unstable": (
        "The light colours your photo, so read redness and tone with some caution.",
        "照片的光线偏色，泛红和肤色这两项请保守参考。",
    ),
}

SEEK_CARE: Final[tuple[Pair, Pair, Pair]] = (
    (
        "Redness or swelling that spreads quickly, feels hot, or comes with fever.",
        "泛红或肿胀迅速扩散、发烫，或伴有发烧。",
    ),
    (
        "Blisters, open or bleeding skin, or pain that keeps growing.",
        "出现水泡、破溃、出血，或疼痛越来越重。",
    ),
    (
        "A mark that changes in size, shape or colour, or anything that has not eased after some weeks.",
        "斑点的大小、形状或颜色有变化，或几周都不见好转。",
    ),
)
