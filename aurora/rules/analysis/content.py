"""What may be said without a model: lines and a plan from answers, routine and check-ins (contract C 18).

Words to keep out of these lines: a failed photo's analysis may not name acne or pigmentation, so they say
"breakouts" and "dark marks". No disease, no brand, no promise. The client shows what stands before the colon
as a title of at most 40 characters and the rest in 60 (contract F 13.1), and takes a hyphen for a colon.
"""

from __future__ import annotations

import msgspec

from aurora.contract.envelope import Lang
from aurora.rules.analysis.intake import Intake
from aurora.rules.goals import goal_kind, goal_name, joined, skin_name
from aurora.rules.notices import pick

Pair = tuple[str, str]
MAX_FEATURES = 6


class Feature(msgspec.Struct, frozen=True):
    """One line of an analysis and how sure we are of it: pretty_sure, somewhat_sure or not_sure."""

    observation: str
    confidence: str


class Guidance(msgspec.Struct, frozen=True):
    """The way on: one opening line, exactly three steps, and the question that would help most."""

    lead: str
    steps: tuple[str, str, str]
    question: str


# --- rule based


def safety_features(facts: Intake, lang: Lang) -> list[Feature]:
    """What must be said whoever speaks: actives that the person's circumstances rule out (decision 19)."""
    rules: tuple[tuple[bool, Pair], ...] = (
        (
            facts.no_retinoids and "retinoid" in facts.actives,
            (
                "A retinoid in your routine: pause it while expecting, trying or nursing.",
                "流程里有 A 醇类：备孕、孕期或哺乳期请先停用。",
            ),
        ),
        (
            facts.no_retinoids and "hydroquinone" in facts.actives,
            (
                "Hydroquinone in your routine: pause it while expecting, trying or nursing.",
                "流程里有氢醌：备孕、孕期或哺乳期请先停用。",
            ),
        ),
        (
            facts.on_isotretinoin and bool({"retinoid", "acids"} & set(facts.actives)),
            (
                "Actives beside your acne medicine: stop acids and retinoids, moisturize.",
                "正在服用祛痘药：酸类和 A 醇类请先停，专心保湿。",
            ),
        ),
    )
    return [Feature(pick(lang, text), "pretty_sure") for applies, text in rules if applies]


def rule_features(facts: Intake, lang: Lang) -> list[Feature]:
    """Lines that answers, routine and check-ins support, most urgent first, at most six."""
    kinds = {goal_kind(goal) for goal in facts.goals}
    retinoid, acids, bpo, vitamin_c = (
        kind in facts.actives for kind in ("retinoid", "acids", "benzoyl_peroxide", "vitamin_c")
    )
    strained = facts.fragile or facts.stings
    # What must be paused altogether is said by `safety_features`; how to use it well is no question then.
    retinoid = retinoid and not (facts.no_retinoids or facts.on_isotretinoin)
    acids = acids and not facts.on_isotretinoin
    rules: tuple[tuple[bool, Pair, str], ...] = (
        (
            facts.fragile,
            (
                "Your barrier reads as impaired: calm and repair come before any active.",
                "你的屏障处于受损状态：先舒缓、修护，再考虑功效成分。",
            ),
            "pretty_sure",
        ),
        (
            facts.stings and not facts.fragile,
            (
                "You mention stinging or irritation: for now, treat it as barrier stress.",
                "你提到有刺痛或刺激感：现阶段先按屏障压力来处理。",
            ),
            "somewhat_sure",
        ),
        (
            retinoid and facts.stings,
            (
                "A retinoid on stinging skin: pause it for a few nights, until it is calm.",
                "皮肤刺痛时还在用 A 醇类：先停几晚，等皮肤平静下来。",
            ),
            "pretty_sure",
        ),
        (
            facts.very_sensitive,
            (
                "Your sensitivity is high: add one active at a time, slowly.",
                "你的敏感度较高：功效成分一次只加一种，慢慢来。",
            ),
            "pretty_sure",
        ),
        (
            facts.oily,
            (
                "Oilier skin clogs easily: wash gently, or it answers with more oil.",
                "偏油的皮肤容易堵塞，但清洁过度反而会更油。",
            ),
            "somewhat_sure",
        ),
        (
            bool(kinds & {"breakouts", "pores"}),
            (
                "Breakouts and pores: mild exfoliation later, once your skin takes it well.",
                "痘痘和毛孔问题：等皮肤稳定、耐受了，再加温和去角质和控油。",
            ),
            "somewhat_sure",
        ),
        (
            acids and vitamin_c and strained,
            (
                "Acids and a strong vitamin C: keep them apart while the barrier is stressed.",
                "流程里既有酸类又有高浓度维 C：屏障吃力时请错开使用。",
            ),
            "somewhat_sure",
        ),
        (
            retinoid and not facts.stings,
            (
                "A retinoid in your routine: low frequency, never stacked with other actives.",
                "你的流程里有 A 醇类：保持低频，不要和其他功效成分叠加。",
            ),
            "somewhat_sure",
        ),
        (
            acids,
            (
                "An acid in your routine: once or twice a week, apart from other actives.",
                "你的流程里有酸类：每周一两次就够，不要和其他功效成分同晚叠加。",
            ),
            "somewhat_sure",
        ),
        (
            bpo,
            (
                "Benzoyl peroxide in your routine: thin layer, low frequency, moisturizer after.",
                "你的流程里有过氧化苯甲酰：薄涂、低频，并做好保湿。",
            ),
            "somewhat_sure",
        ),
    )
    found = [Feature(pick(lang, text), sure) for applies, text, sure in rules if applies]
    diary = _newest_log(facts, lang)
    if diary:
        found = [*found[: MAX_FEATURES - 1], diary]
    return found[:MAX_FEATURES]


def _newest_log(facts: Intake, lang: Lang) -> Feature | None:
    """The latest scores as numbers, nothing derived from them (decision 22)."""
    if not facts.logs:
        return None
    log = facts.logs[0]
    scores: tuple[tuple[int | None, Pair], ...] = (
        (log.redness, ("redness", "泛红")),
        (log.acne, ("breakouts", "痘痘")),
        (log.hydration, ("hydration", "水润度")),
    )
    parts = [f"{pick(lang, name)} {score}/5" for score, name in scores if score is not None]
    if not parts:
        return None
    told = pick(lang, (", ", "，")).join(parts)
    return Feature(
        pick(lang, ("Your latest diary entry: ", "你最近一次打卡：")) + told + pick(lang, (".", "。")),
        "pretty_sure",
    )


def rule_guidance(facts: Intake, lang: Lang) -> Guidance:
    """Seven days for somebody whose routine or check-ins we know."""
    if facts.stings or facts.fragile:
        second: Pair = (
            "Your skin asks for a rest: pause strong actives for 5-7 days, then bring one back.",
            "皮肤需要休息：强功效成分先停 5～7 天，之后一次只恢复一种。",
        )
    else:
        second = (
            "Keep to one active, 1-2 times a week, and watch your skin for 72 hours after it.",
            "功效成分只留一种，每周 1～2 次，用后观察 72 小时。",
        )
    return Guidance(
        pick(lang, ("For the next 7 days:", "接下来 7 天这样做：")),
        (
            pick(
                lang,
                (
                    "Keep it minimal: gentle cleanser, moisturizer, and sunscreen by day.",
                    "先做减法：温和洁面、保湿，白天防晒。",
                ),
            ),
            pick(lang, second),
            pick(lang, _third_step(facts)),
        ),
        pick(lang, _question(facts)),
    )


def _third_step(facts: Intake) -> Pair:
    kinds = [goal_kind(goal) for goal in facts.goals]
    steps: dict[str, Pair] = {
        "breakouts": (
            "For breakouts: hands off, no scrubs, and change your pillowcase twice a week.",
            "针对痘痘：不挤、不磨砂，每周换两次枕套。",
        ),
        "pores": (
            "For pores: a thorough but mild evening cleanse; leave extra exfoliation for later.",
            "针对毛孔：晚上洁面做到温和又干净，去角质先放一放。",
        ),
        "redness": (
            "For redness: lukewarm water, no fragrance, and pat your face dry.",
            "针对泛红：用温水、避开香精，洗完轻轻按干。",
        ),
        "barrier": (
            "For your barrier: a ceramide cream within a minute of washing, morning and night.",
            "针对屏障：早晚洗完脸一分钟内，涂上含神经酰胺的面霜。",
        ),
        "tone": (
            "For an even tone: sunscreen every morning, and again every two hours outdoors.",
            "针对暗沉：每天早上涂防晒，户外每两小时补一次。",
        ),
        "firmness": (
            "For firmness: daily sunscreen and steady moisture do most of the work.",
            "针对紧致：每天防晒、稳定保湿，是最有用的两步。",
        ),
        "hydration": (
            "For hydration: put your cream on damp skin, and a second thin layer at night.",
            "针对补水：趁皮肤微湿涂面霜，晚上再薄涂一层。",
        ),
    }
    # Tired skin is not asked to chase a goal: what calms it comes first.
    for kind in ("barrier", "redness"):
        if kind in kinds:
            return steps[kind]
    first = next((kind for kind in kinds if kind in steps), None)
    if first:
        return steps[first]
    return (
        "Tell me your top goal and I will turn this into a 3-4 step frame for you.",
        "告诉我你最想改善的一点，我再帮你排成 3～4 步的流程。",
    )


def _question(facts: Intake) -> Pair:
    if "retinoid" in facts.actives and not (facts.no_retinoids or facts.on_isotretinoin):
        return (
            "How many nights a week do you use your retinoid, and is anything strong used on the same night?",
            "A 醇类你每周用几晚？同一晚还会叠加别的强功效成分吗？",
        )
    return (
        "Have you noticed any stinging or redness in the last few days?",
        "最近几天有没有刺痛或泛红？",
    )


# --- baseline


def baseline_features(facts: Intake | None, lang: Lang) -> list[Feature]:
    """The little that the questionnaire alone supports; empty when nothing was said."""
    if facts is None:
        return []
    found: list[Feature] = []
    if facts.fragile:
        found.append(
            Feature(
                pick(
                    lang,
                    ("You describe an impaired barrier: repair comes first.", "你说屏障受损：先以修护为主。"),
                ),
                "somewhat_sure",
            )
        )
    if facts.skin_type:
        found.append(
            Feature(
                pick(
                    lang,
                    (
                        f"Your skin type is {skin_name(facts.skin_type, lang)}: that is our starting point.",
                        f"你的肤质是{skin_name(facts.skin_type, lang)}：先以此为起点。",
                    ),
                ),
                "somewhat_sure",
            )
        )
    if facts.goals:
        names = list(dict.fromkeys(goal_name(goal, lang) for goal in facts.goals))[:2]
        found.append(
            Feature(
                pick(
                    lang,
                    (
                        f"What you want: {joined(names, lang)}; the first step is still open.",
                        f"你的目标：{joined(names, lang)}；先改哪一步，还要再确认。",
                    ),
                ),
                "not_sure",
            )
        )
    return found


def baseline_guidance(lang: Lang) -> Guidance:
    """Seven safe days for skin we know too little about."""
    return Guidance(
        pick(
            lang,
            (
                (
                    "I don't know your products and steps yet, so this is a low-confidence, low-risk "
                    "baseline for 7 days:"
                ),
                "我还不知道你在用的产品和步骤，所以这是一份低置信度、低风险的 7 天基础方案：",
            ),
        ),
        (
            pick(
                lang,
                (
                    "Keep it minimal: gentle cleanser, moisturizer, and sunscreen by day.",
                    "只做基础：温和洁面、保湿，白天防晒。",
                ),
            ),
            pick(
                lang,
                (
                    "Stinging or redness: pause acids, strong vitamin C and retinoids; focus on repair.",
                    "一旦刺痛或泛红：停用酸类、高浓度维 C 和 A 醇类，专心修护。",
                ),
            ),
            pick(
                lang,
                (
                    "Anything new: 1-2 times a week at most, and watch your skin for 72 hours.",
                    "新的功效产品：每周最多 1～2 次，用后观察 72 小时。",
                ),
            ),
        ),
        pick(
            lang,
            (
                (
                    "Which products do you use in the morning and at night (names or links)? A daylight "
                    "selfie helps too, if you like."
                ),
                "你早上和晚上分别用哪些产品（名称或链接都行）？愿意的话，也可以补一张自然光自拍。",
            ),
        ),
    )


# --- retake


def retake_features(lang: Lang) -> list[Feature]:
    """What a photo that did not pass lets us say."""
    return [
        Feature(
            pick(
                lang,
                (
                    "This photo did not pass: no conclusions about your skin come from it.",
                    "这张照片没有通过质量检查，所以不会据此判断你的皮肤。",
                ),
            ),
            "pretty_sure",
        ),
        Feature(
            pick(
                lang,
                (
                    "A retake usually works: face a window, no filters, an arm's length away.",
                    "面向窗户、不开滤镜、约一臂距离重拍，一般就能用。",
                ),
            ),
            "pretty_sure",
        ),
    ]
