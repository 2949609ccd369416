"""The words of the red flags, in both languages (contract B 9.1). How they are read: `rules.redflags`."""

from __future__ import annotations

RULES_EN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "severe_pain",
        (
            r"(?:severe|intense|throbbing|burning|excruciating|unbearable|agoni[sz]ing) pains?",
            (
                r"pains? (?:is|was|feels|has become|gets?) (?:so |very |really |too )?(?:severe|intense"
                r"|unbearable|excruciating|throbbing)"
            ),
            "severely painful",
            r"painful(?:ly)? swell(?:ing|en)",
            "painfully swollen",
            "swollen and (?:very )?painful",
        ),
    ),
    (
        "infection_signal",
        (
            "pus",
            r"ooz(?:e|es|ed|ing)",
            "discharge",
            "infections?",
            "infected",
            "septic",
            # Hay fever is an allergy, and cabin fever is a mood.
            r"(?<!hay )(?<!cabin )fevers?",
            "feverish",
            "cellulitis",
        ),
    ),
    (
        "rapid_worsening",
        (
            r"sudden(?:ly)? spread(?:s|ing)?",
            r"(?:rapidly|quickly) spreading",
            r"spread(?:s|ing)? (?:so |very |really |too )?(?:fast|quickly|rapidly)",
            (
                r"(?:get|gets|getting|got) (?:much |a lot |so much )?worse (?:so |very "
                r"|really )?(?:quickly|fast|rapidly)"
            ),
            r"(?:rapidly|quickly) (?:getting worse|worsening)",
            r"worsening (?:fast|quickly|rapidly)",
        ),
    ),
    (
        "bleeding_ulcer",
        (
            "bleeding",
            "bleeds",
            "bled",
            "open wounds?",
            "open sores?",
            r"ulcers?",
            r"ulcerat(?:ion|ions|ed|ing)",
        ),
    ),
    (
        "eye_swelling",
        (
            "eyes? swelling",
            "eyelids? swelling",
            (
                r"swelling (?:around|of|near|on|in) (?:my |the |her |his |both |one |an )?(?:left "
                r"|right )?(?:eyes?|eyelids?)"
            ),
            r"around my eyes? (?:is |are |feels? |looks? )?(?:all |very |so |really )?swollen",
            r"eye area (?:is |looks? )?(?:very |so |really )?swollen",
            "puffy eyelids?",
            r"swollen (?:eyes?|eyelids?)",
            (
                r"(?:eyes?|eyelids?) (?:is|are|looks?|got|feels?) (?:all |very |so |badly "
                r"|really )?(?:swollen|swelling)"
            ),
            r"(?:eyes?|eyelids?) (?:have |has )?(?:swelled|swollen) (?:up|shut)",
        ),
    ),
    (
        # Not in contract B 9.1: an allergic reaction that reaches the airway is the most urgent of all. It is
        # the writer who cannot breathe; skin and pores that "cannot breathe" are a figure of speech.
        "airway_swelling",
        (
            (
                r"i (?:really |just |still )?(?:can ?not|can't|cant|could ?not|couldn't) "
                r"(?:really |properly )?breathe?"
            ),
            r"(?:trouble|difficulty|problems?|struggling|hard time) (?:with |in )?(?:my )?breathing",
            r"(?:hard|difficult|struggling) to breathe",
            r"short(?:ness)? of breath",
            r"anaphyla(?:xis|ctic)",
            (
                r"throat (?:is |feels |keeps )?(?:so |very )?(?:closing|swelling|swollen|tight"
                r"|tightening)"
            ),
            (
                r"(?:face|lips?|tongue|mouth) (?:is|are|has|have|got|gets|keeps?) "
                r"(?:all |very |so |badly |really |been )?(?:swollen|swelling|swelled)"
            ),
            r"(?:face|lips?|tongue) swell(?:ed|s) up",
            r"(?:swollen|swelling) (?:of |in |up )?(?:my |the )?(?:lips?|tongue|throat)",
            r"swelling (?:of|in|on|all over) (?:my |the )?face",
        ),
    ),
)
"""Rule -> word-bounded English expressions. Contract B 9.1, and phrasings that its lists missed."""

RULES_CN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "severe_pain",
        (
            "剧痛",
            "疼得厉害",
            "痛得厉害",
            "疼得很厉害",
            "痛得很厉害",
            "疼得特别厉害",
            "痛得特别厉害",
            "疼得非常厉害",
            "痛得非常厉害",
            "刺痛很强",
            "灼痛明显",
            "疼痛难忍",
            "痛得受不了",
            "疼得受不了",
            "疼得睡不着",
            "痛得睡不着",
            "剧烈疼痛",
            "又肿又痛",
            "又肿又疼",
        ),
    ),
    (
        "infection_signal",
        (
            "化脓",
            "渗液",
            "流脓",
            "发烧",
            "发热",
            "疑似感染",
            "感染了",
            "高烧",
            "低烧",
            "流黄水",
            "渗黄水",
            "脓水",
            "脓液",
            "出脓",
            "有脓",
            "脓血",
            "伤口感染",
            "细菌感染",
            "皮肤感染",
            "被感染",
            "蜂窝织炎",
            "蜂窝组织炎",
            "没排除感染",
            "没有排除感染",
            "不排除感染",
            "不能排除感染",
            "爆皮流水",
            "破皮流水",
            "破了流水",
            "烂脸流水",
            "伤口流水",
            "痘痘流水",
        ),
    ),
    (
        "rapid_worsening",
        (
            "突然扩散",
            "迅速加重",
            "恶化很快",
            "大面积恶化",
            "越来越严重",
            "迅速扩散",
            "扩散很快",
            "扩散得很快",
            "快速扩散",
            "迅速恶化",
            "急剧恶化",
            "恶化得很快",
            "快速恶化",
            "急速加重",
            "蔓延得很快",
            "迅速蔓延",
            "蔓延很快",
        ),
    ),
    ("bleeding_ulcer", ("出血", "破溃", "溃烂", "开放性伤口", "流血", "渗血", "溃疡")),
    (
        "eye_swelling",
        (
            "眼周肿",
            "眼皮肿",
            "眼部肿胀",
            "眼周浮肿",
            "眼睛肿",
            "眼睛都肿",
            "眼睑肿",
            "眼睑浮肿",
            "眼皮浮肿",
            "眼周红肿",
            "眼周水肿",
            "眼皮都肿",
            "眼睛也肿",
            "眼皮也肿",
            "眼皮红肿",
            "眼睛红肿",
        ),
    ),
    (
        # A face that is merely puffy in the morning (脸肿, 浮肿) is not meant.
        "airway_swelling",
        (
            "呼吸困难",
            "喘不上气",
            "喘不过气",
            "呼吸不过来",
            "呼吸不上来",
            "呼吸急促",
            "过敏性休克",
            "喉咙肿",
            "喉咙发紧",
            "喉头水肿",
            "嘴唇肿",
            "嘴唇都肿",
            "嘴唇也肿",
            "舌头肿",
            "舌头都肿",
            "舌头也肿",
            "脸都肿",
            "脸也肿",
            "脸突然肿",
            "脸一下子肿",
            "脸肿成",
            "脸肿得跟",
            "脸肿得像",
            "肿成猪头",
            "脸肿起来",
            "脸肿得厉害",
            "脸肿得很厉害",
            "整张脸肿",
            "面部肿胀",
            "脸部肿胀",
        ),
    ),
)
"""Rule -> Chinese substrings. Contract B 9.1, and phrasings that its lists missed."""
