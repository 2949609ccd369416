"""What an answer about the weather or a trip says: the conclusion first, then a few lines, then an offer.

Each language is written for itself. Fragments that tests of the old service look for stand verbatim:
对应产品清单, 防晒 and 润唇 for snow, "destination" and "travel dates" at the travel gate (contract B 17.6).
"""

from __future__ import annotations

import msgspec

from aurora.contract.envelope import Lang

Pair = tuple[str, str]  # EN, CN


class Advice(msgspec.Struct, frozen=True):
    """One scenario. lead: what it does to skin. lines: what to do. actives: about strong products, for skin
    that is well; skin that is not gets `REST` in its place. kit: what to have ready, if the contract asks.
    """

    lead: Pair
    lines: tuple[Pair, ...]
    actives: Pair
    kit: Pair | None = None


_EASE: Pair = (
    "If you use acids or retinoids, go easier for a few days.",
    "在用酸类、维A类的话，这几天先减量。",
)

ADVICE: dict[str, Advice] = {
    "snow": Advice(
        lead=(
            "Snow strains skin twice: cold, dry air takes water, white ground throws UV back.",
            "下雪天皮肤两头受累：冷风和干空气带走水分，雪地又把紫外线反射到脸上。",
        ),
        lines=(
            (
                "Moisturize, then seal: cream on damp skin, more on cheeks and nose.",
                "先保湿再封层：脸微湿时涂面霜，两颊和鼻翼多补一层。",
            ),
            (
                "SPF 30+ even under clouds, and a scarf against the wind.",
                "阴天也涂 SPF30 以上的防晒，出门用围巾挡风。",
            ),
            (
                "Wash gently with lukewarm water.",
                "用温水和温和洁面，别用热水烫洗。",
            ),
        ),
        actives=_EASE,
        kit=(
            "Have ready: mild cleanser, ceramide cream, SPF 30+ sunscreen, lip balm.",
            "对应产品清单：温和洁面、神经酰胺面霜、SPF30+ 防晒、润唇膏、护手霜。",
        ),
    ),
    "rain": Advice(
        lead=(
            "Rainy days are mostly kind to skin; damp air and the rub of wet clothes are what to watch.",
            "雨天对皮肤整体算友好，要留意的是闷湿，以及湿衣物、口罩的摩擦。",
        ),
        lines=(
            ("Pat rain off instead of rubbing, then moisturize.", "淋湿后轻轻按干，别搓，再补保湿。"),
            ("A light lotion is enough; skip the heavy layers.", "保湿用轻薄的乳液就够，不必厚涂。"),
            (
                "UV comes through clouds: SPF 30+ if you are out for long.",
                "云层挡不住紫外线，在外久了照样涂 SPF30+ 防晒。",
            ),
        ),
        actives=("Your usual actives can stay as they are.", "平时在用的功效产品可以照常。"),
    ),
    "uv": Advice(
        lead=(
            "With sun like this, protection comes before everything else in your routine.",
            "太阳这么大，防晒排在所有护肤步骤前面。",
        ),
        lines=(
            (
                "SPF 50 fifteen minutes before you go out, two finger lengths for face and neck.",
                "出门前 15 分钟涂 SPF50 防晒，脸和脖子用两指的量。",
            ),
            (
                "Again every two hours, and after sweat or water; a hat and shade from 11 to 3.",
                "每两小时补一次，出汗、下水后马上补；11 点到 15 点尽量戴帽、走阴凉处。",
            ),
            (
                "In the evening: a mild cleanse and something soothing.",
                "晚上温和清洁，再做一次舒缓保湿。",
            ),
        ),
        actives=(
            "Keep acids and retinoids to the evening, and skip them on days in full sun.",
            "酸类、维A类只放晚上，暴晒的当天先停。",
        ),
    ),
    "humid": Advice(
        lead=(
            "In humid air skin needs less cream and more patience: sweat and oil sit on it for longer.",
            "空气潮湿时，皮肤要的是清爽：汗和油在脸上停留得更久。",
        ),
        lines=(
            ("Gel or light lotion instead of cream.", "面霜换成啫喱或轻薄乳液。"),
            (
                "Rinse sweat off with water; a cleanser twice a day is enough.",
                "出汗后清水冲洗，洁面一天两次就够。",
            ),
            ("A light, oil-free SPF 30+, again after sweating.", "选清爽不油的 SPF30+ 防晒，出汗后补涂。"),
        ),
        actives=(
            "Skin feels clogged? Wash more gently, not more often, and add nothing strong for now.",
            "觉得闷、容易冒闭口？洗得温和些，别洗得更勤，先不加猛料。",
        ),
    ),
    "dry": Advice(
        lead=(
            "Dry air pulls water out of skin all day, so the aim is to hold on to it.",
            "空气干，皮肤一整天都在失水，重点是把水锁住。",
        ),
        lines=(
            (
                "Hydrating layer first, cream on top while skin is still damp.",
                "先补水、再锁水：脸微湿时叠一层面霜。",
            ),
            (
                "Lukewarm, short washes; a humidifier at night helps.",
                "洗脸水别太热、时间别太长，夜里开加湿器。",
            ),
            ("SPF 30+ by day: dry skin burns sooner.", "白天 SPF30+ 防晒，干燥的皮肤更不经晒。"),
        ),
        actives=_EASE,
    ),
    "cold": Advice(
        lead=(
            "Cold slows your skin's own oil, so it loses water faster and stings sooner.",
            "天一冷，皮脂分泌变慢，皮肤更容易失水、刺痛。",
        ),
        lines=(
            (
                "A richer cream morning and night, and a balm on lips and cheeks.",
                "早晚换成更滋润的面霜，嘴唇和两颊再补一点膏。",
            ),
            (
                "No hot water, no straight jump from frost to heater.",
                "别用热水洗脸，从室外进屋也别马上对着暖气吹。",
            ),
            ("SPF 30+ outdoors, in winter too.", "户外照样 SPF30+ 防晒，冬天也不例外。"),
        ),
        actives=_EASE,
    ),
    "wind": Advice(
        lead=(
            "Wind wears the barrier down: it dries and rubs at the same time.",
            "大风一边吹干、一边摩擦，最伤的是皮肤屏障。",
        ),
        lines=(
            (
                "Cream before going out, a thin balm on cheeks and lips.",
                "出门前涂好面霜，两颊和嘴唇薄薄补一层膏。",
            ),
            ("Scarf or mask as a windbreak, SPF 30+ underneath.", "围巾或口罩挡风，里面涂好 SPF30+ 防晒。"),
            (
                "Back home: rinse dust off gently, then something soothing.",
                "回家先温和洗去灰尘，再舒缓保湿。",
            ),
        ),
        actives=_EASE,
    ),
    "travel": Advice(
        lead=(
            "On a trip skin has to cope with new air, new water and little sleep: keep it simple.",
            "出门在外，空气、水质、作息都变了，护肤越简单越稳。",
        ),
        lines=(
            (
                "Take what your skin knows: cleanser, moisturizer, SPF 30+. Nothing new on the way.",
                "只带用惯的洁面、保湿和 SPF30+ 防晒，路上不试新品。",
            ),
            (
                "In the plane: moisturize before take-off, lip balm, water; sunscreen at the window.",
                "飞机上很干：登机前涂好保湿和润唇膏，多喝水，靠窗也要防晒。",
            ),
            (
                "Give your skin a day or two there before you change anything.",
                "到了先让皮肤适应一两天，再做调整。",
            ),
        ),
        actives=_EASE,
    ),
    "unknown": Advice(
        lead=(
            "When the weather turns, the barrier comes first; everything else can wait a little.",
            "天气一变，先顾好屏障，别的都可以缓一缓。",
        ),
        lines=(
            (
                "Gentle cleanser, a cream that suits the air: richer if dry, lighter if humid.",
                "温和洁面；面霜看天气选，干就滋润些，闷就清爽些。",
            ),
            ("SPF 30+ outdoors, whatever the season.", "户外 SPF30+ 防晒，四季都一样。"),
        ),
        actives=(
            "If your skin stings, leave strong actives out for a few days.",
            "如果有刺痛，强功效产品先停几天。",
        ),
    ),
}

REST: Pair = (
    "Your barrier needs rest: no acids, retinoids or scrubs until nothing stings.",
    "你的屏障正需要休息：酸类、维A类、去角质先停，等不刺痛了再说。",
)
REACTIVE: Pair = (
    "Your skin reacts easily: nothing new this week, and strong actives less often.",
    "你的皮肤容易有反应：这周不上新品，功效产品也减量。",
)

# One more line for what else the message names. Fits beside any scenario.
EXTRA: dict[str, Pair] = {
    "haze": (
        "Dirty air: cleanse once, thoroughly and gently, as soon as you are home.",
        "空气脏的日子：到家就洗脸，洗一次、洗干净、别用力。",
    ),
    "pollen": (
        "Pollen: rinse face and hair in the evening; red itchy patches are a reason for a break.",
        "花粉季：晚上把脸和头发冲洗干净，发红发痒就先停功效产品。",
    ),
    "heat": (
        "Heat: cool water, light textures, and shade before you feel hot.",
        "高温天：用凉一点的水、清爽的质地，觉得热之前就先躲一躲。",
    ),
    "altitude": (
        "High up, UV is stronger and air drier: SPF 50 and a richer cream.",
        "高原紫外线强、空气干：防晒用 SPF50，面霜选滋润的。",
    ),
}

# Said only where the season is known for sure and the message names no weather of its own.
SEASON: dict[str, Pair] = {
    "spring": (
        "In spring skin is often touchy: change one product at a time.",
        "春天皮肤容易敏感，换产品一次只换一样。",
    ),
    "summer": (
        "In summer, reapplying sunscreen beats a higher number.",
        "夏天防晒重在补涂，比追高倍数更管用。",
    ),
    "autumn": (
        "In autumn, switch to a richer cream before your skin feels tight.",
        "秋天别等到紧绷才换滋润的面霜。",
    ),
    "winter": (
        "In winter, heated rooms dry skin as much as the cold outside.",
        "冬天的暖气、空调和外面的冷风一样让皮肤干。",
    ),
}

OFFER: Pair = (
    "Want this as an AM/PM version?",
    "要不要我把它整理成早晚版的护肤步骤？",
)

# What the two chips under the answer say for the person.
SCENARIO_NAME: dict[str, Pair] = {
    "snow": ("snowy weather", "下雪天"),
    "rain": ("rainy weather", "雨天"),
    "uv": ("strong sun", "强紫外线天气"),
    "humid": ("humid weather", "潮湿天气"),
    "dry": ("dry air", "干燥天气"),
    "cold": ("cold weather", "寒冷天气"),
    "wind": ("windy weather", "大风天"),
    "travel": ("my trip", "这次出行"),
    "unknown": ("this weather", "现在的天气"),
}

AXES_CN = {
    "barrier": "屏障", "weather": "天气", "uv": "紫外线", "humidity": "湿度", "dryness": "干燥", "wind": "风",
    "pollution": "污染", "temperature": "气温", "temp swing": "温差", "cold": "低温", "heat": "高温",
    "pollen": "花粉", "sleep": "睡眠", "stress": "压力",
}  # fmt: skip

# Notes of the card. The client offers a check-in where a note names `recent_logs` (contract F 13).
_MISSING: dict[str, Pair] = {
    "recent_logs": (
        "No check-in yet (recent_logs): one a day makes this sharper.",
        "还没有打卡记录（recent_logs），每天一次会更准。",
    ),
    "profile.sensitivity": (
        "How easily your skin reacts is still open.",
        "还不知道你的皮肤容不容易有反应。",
    ),
}
_BARRIER_WEAK: Pair = ("Your barrier is fragile, so it weighs most.", "你的屏障偏脆弱，占比最大。")
_BARRIER_WELL: Pair = ("A stable barrier takes part of the load off.", "屏障稳定，能分担一部分压力。")
_BARRIER_OPEN: Pair = ("Barrier unknown: counted as average.", "屏障状态未知，先按一般水平算。")
_SCENARIO_NOTE: dict[str, Pair] = {
    "snow": ("Snow: cold, dry air and reflected UV.", "下雪：又冷又干，还有反射的紫外线。"),
    "rain": ("Rain: little strain, mind the damp.", "下雨：压力不大，注意闷湿。"),
    "uv": ("Strong sun: UV is the main strain.", "强日晒：紫外线是主要压力。"),
    "humid": ("Humid: oil and sweat stay longer.", "潮湿：油和汗停留更久。"),
    "dry": ("Dry air: water loss is the main strain.", "干燥：失水是主要压力。"),
    "cold": ("Cold: less oil, more water loss.", "寒冷：皮脂少，失水快。"),
    "wind": ("Wind: dries and rubs.", "大风：又吹干又摩擦。"),
    "travel": ("Travel: change of air and dry cabins.", "出行：环境变化，机舱干燥。"),
    "unknown": ("Weather not named: counted as mild.", "没有说明天气，按温和情况算。"),
}


def routine_for(weather: str, lang: Lang) -> str:
    """The words of a tap for a routine. weather: of `SCENARIO_NAME`."""
    return (
        f"帮我生成一套适合{weather}的早晚护肤方案。"
        if lang == "CN"
        else f"Build me an AM/PM routine for {weather}."
    )


def picks_for(weather: str, lang: Lang) -> str:
    """The words of a tap for products."""
    return f"给我推荐适合{weather}的产品。" if lang == "CN" else f"Show me product picks for {weather}."


def missing_note(name: str, lang: Lang) -> str:
    """One line about an input that is not known yet."""
    if name in _MISSING:
        return pick(_MISSING[name], lang)
    return f"缺少信息：{name}" if lang == "CN" else f"Not known yet: {name}"


def barrier_note(barrier: str, lang: Lang) -> str:
    """One line about the barrier. barrier: the stored value, lower-cased, "" if unknown."""
    if barrier in ("impaired", "damaged"):
        return pick(_BARRIER_WEAK, lang)
    return pick(_BARRIER_WELL if barrier in ("healthy", "stable") else _BARRIER_OPEN, lang)


def scenario_note(scenario: str, lang: Lang) -> str:
    """One line about the scenario."""
    return pick(_SCENARIO_NOTE[scenario], lang)


def pick(pair: Pair, lang: Lang) -> str:
    """The text of a pair."""
    return pair[1] if lang == "CN" else pair[0]
