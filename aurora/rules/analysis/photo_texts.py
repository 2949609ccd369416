"""The words about a photo that was read (contract C 17). No disease, no brand, no strong active by name.

The client shows what stands before the colon as a title of at most 40 characters, the rest in 60, and a
numbered line in 88 (contract F 13.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.rules.notices import pick

Pair = tuple[str, str]

ISSUES: dict[str, Pair] = {
    "redness": ("Redness", "泛红"),
    "shine": ("Shine", "油光"),
    "texture": ("Uneven texture", "肤质粗糙"),
    "tone": ("Uneven tone", "肤色不匀"),
    "acne": ("Small spots", "小痘点"),
}
# Of what was looked for and not found.
_UNSEEN: dict[str, Pair] = {
    "redness": ("Redness: hardly any in this photo.", "泛红：这张照片里几乎看不到。"),
    "shine": ("Shine: hardly any, your skin looks balanced.", "油光：几乎看不到，看起来挺清爽。"),
    "texture": ("Texture: looks fairly smooth in this light.", "肤质：在这样的光线下看着挺平滑。"),
    "tone": ("Tone: looks even across your face.", "肤色：整体看着比较均匀。"),
    "acne": ("Small spots: hardly any to be seen.", "小痘点：几乎看不到。"),
}
_DEGREES: tuple[Pair, ...] = (
    ("hardly any", "几乎看不到"),
    ("slight", "轻微"),
    ("some", "有一些"),
    ("marked", "比较明显"),
    ("strong", "很明显"),
)
_REGIONS: dict[str, Pair] = {
    "forehead": ("forehead", "额头"),
    "left_cheek": ("left cheek", "左脸颊"),
    "right_cheek": ("right cheek", "右脸颊"),
    "nose": ("nose", "鼻子"),
    "chin": ("chin", "下巴"),
}
_CHEEKS: Pair = ("cheeks", "两颊")


def observation(issue: str, severity: int, regions: Sequence[str], lang: Lang) -> str:
    """`Redness: marked, mostly on the cheeks.`"""
    if severity < 1:
        return pick(lang, _UNSEEN[issue])
    told = pick(lang, ISSUES[issue]) + pick(lang, (": ", "：")) + pick(lang, _DEGREES[severity])
    return told + _where(regions, lang) + pick(lang, (".", "。"))


def takeaway(issue: str, severity: int, regions: Sequence[str], lang: Lang) -> str:
    """The same, as what to remember."""
    name, degree = pick(lang, ISSUES[issue]), pick(lang, _DEGREES[severity])
    if lang == "CN":
        return f"{name}{degree}{_where(regions, lang)}。"
    return f"{degree} {name.lower()}{_where(regions, lang)}."


def because(issues: Sequence[str], ids: Sequence[str], lang: Lang) -> str:
    """Why a step: what the photo shows, with the ids of the findings."""
    names = [pick(lang, ISSUES[issue]) for issue in issues]
    if lang == "CN":
        return f"照片里能看到{'、'.join(names)}（{'、'.join(ids)}）。"
    return f"Your photo shows {' and '.join(n.lower() for n in names)} ({', '.join(ids)})."


def _where(regions: Sequence[str], lang: Lang) -> str:
    if not regions:
        return ""
    both = {"left_cheek", "right_cheek"} <= set(regions)
    names = [_CHEEKS] if both else [_REGIONS[region] for region in regions]
    told = pick(lang, (" and ", "和")).join(pick(lang, name) for name in names)
    return f"，主要在{told}" if lang == "CN" else f", mostly on the {told}"


LIMITED: Pair = (
    "Photo quality is limited: read these lines with some caution.",
    "照片质量一般：以下内容请保守参考。",
)
NO_ROUTINE: Pair = (
    "Your routine is still unknown: the plan stays on the safe side.",
    "还不知道你的护肤流程：方案先以安全为主。",
)
NOTHING_SEEN: Pair = (
    "nothing of what we look for stands out.",
    "泛红、油光、肤质、肤色和小痘点都不明显。",
)
GOALS: Pair = ("You want to work on: {goals}.", "你想改善的是：{goals}。")
BARRIER: Pair = (
    "You describe an impaired barrier, so repair comes before anything strong.",
    "你说屏障受损，所以先修护，再谈功效。",
)

WHY: Pair = ("Skin settles faster with fewer changes.", "变化越少，皮肤稳定得越快。")
STOP: Pair = ("Stop if it stings, burns or turns red.", "一旦刺痛、灼热或泛红就停。")

MORNING: Pair = ("Wash gently, then moisturize.", "温和洁面，然后保湿。")
SUNSCREEN: Pair = ("Finish with a broad-spectrum sunscreen.", "最后一步涂广谱防晒。")
SUNSCREEN_TONE: Pair = (
    "Finish with a broad-spectrum sunscreen: it does most for an even tone.",
    "最后一步涂广谱防晒：想让肤色更均匀，这一步最有用。",
)
EVENING: Pair = (
    "Wash gently and moisturize; keep it this simple for 7 days.",
    "温和洁面、保湿，这 7 天就保持这么简单。",
)
BALANCE: Pair = (
    "After 3 calm nights: one mild balancing step, 2 nights a week.",
    "连续 3 晚平稳后：加一步温和的平衡护理，每周 2 晚。",
)
NO_STACKING: Pair = (
    "Never several strong products in one night; go on after 3 days that are no worse.",
    "同一晚不要叠加多种强功效产品；连续 3 天没有变差再恢复。",
)
ONE_AT_A_TIME: Pair = ("Change one thing at a time.", "一次只改变一件事。")
MIDDAY: Pair = (
    "Look at the shine at midday; if there is much, use lighter layers.",
    "中午看看出油情况，明显的话就用更清爽的质地。",
)
TARGETED: Pair = (
    "Add one step that is made for it, and look again after 7 days.",
    "针对它加一步护理，7 天后再看效果。",
)
RULES: tuple[Pair, Pair] = (
    ("Keep everything else as it is, so that you can tell what helps.", "其他步骤保持不变，才知道什么有用。"),
    (
        "If something stings, go back to washing, moisturizing and sunscreen.",
        "一旦刺痛，就退回洁面、保湿和防晒。",
    ),
)
CALM: tuple[Pair, Pair, Pair] = (
    ("Three days in a row without stinging.", "连续三天没有刺痛。"),
    ("No new redness or flaking.", "没有新的泛红或脱皮。"),
    ("Your skin feels comfortable after washing.", "洗完脸不紧绷。"),
)

LEAD: Pair = (
    "From your photo and your answers, for the next 7 days:",
    "结合照片和你的回答，接下来 7 天这样做：",
)
LINE_MORNING: Pair = (
    "Morning: gentle cleanser, moisturizer, broad-spectrum sunscreen last.",
    "早上：温和洁面、保湿，最后涂广谱防晒。",
)
LINE_EVENING: Pair = (
    "Evening: gentle cleanser and moisturizer, nothing more for now.",
    "晚上：温和洁面、保湿，暂时不加别的。",
)
LINE_WEEK: Pair = (
    "This week: change one thing at a time, and stop what stings.",
    "这一周：一次只改变一件事，刺痛就停。",
)
LINE_PAUSE: Pair = (
    "Pause now: several strong products in one night, until 3 days are calm.",
    "先暂停：同一晚叠加多种强功效产品，平稳 3 天后再说。",
)
LINE_AGAIN: Pair = (
    "In 7 days, take a photo in the same light and we compare.",
    "7 天后在同样的光线下再拍一张，我们对比看看。",
)
