"""Plain talk."""

from __future__ import annotations

import msgspec

from aurora.sandbox.asked import Asked
from aurora.sandbox.decision.cues import Cue, Reply


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """What is said when one of `words` stands in the message."""

    words: tuple[str, ...]
    en: str
    cn: str


_TOPICS: tuple[Topic, ...] = (
    Topic(
        words=("niacinamide", "烟酰胺"),
        en="Niacinamide helps with shine, uneven tone and a tired barrier. Around 4 to 5% once a day suits "
        "most people; if your face flushes, go every other day.",
        cn="烟酰胺有助于控油、均匀肤色，也能帮屏障恢复。"
        "多数人用 4%~5%、每天一次就够；如果会泛红，先改成隔天用。",
    ),
    Topic(
        words=("sunscreen", "spf", "防晒"),
        en="Two finger-lengths of SPF 30 or more every morning, and again every two hours outdoors. "
        "The one you enjoy wearing is the one that works.",
        cn="每天早上用两指长的量，SPF30 以上；户外每两小时补一次。肤感舒服、愿意天天涂的那支，就是最有效的。",
    ),
    Topic(
        words=("hyaluronic", "玻尿酸", "透明质酸"),
        en="Hyaluronic acid holds water in the outer layer of skin. Put it on damp skin and close it in with "
        "a cream, or dry air takes the water back.",
        cn="玻尿酸能把水分留在角质层。趁脸微湿时用，再用面霜锁住，不然干燥的空气会把水分带走。",
    ),
    Topic(
        words=("barrier", "屏障"),
        en="For a worn-down barrier, do less for two to four weeks: a mild cleanser, a ceramide cream, "
        "sunscreen. Add things back one at a time once the sting is gone.",
        cn="屏障受损时先做减法，坚持两到四周：温和洁面、神经酰胺面霜、防晒。不刺痛了，再一样一样加回来。",
    ),
    Topic(
        words=("acne", "pimple", "breakout", "痘"),
        en="Keep it gentle: wash twice a day, a light moisturizer, nothing scrubby. "
        "If spots are deep, painful or leave scars, a dermatologist can do more than a shelf can.",
        cn="先温和一点：早晚各洗一次，轻薄保湿，不要磨砂。"
        "如果痘痘又深又痛、容易留印，看皮肤科比换产品更有用。",
    ),
    Topic(
        words=("dry", "干燥", "干皮", "起皮"),
        en="Dry skin likes lukewarm water, a cream within a minute of washing, "
        "and a second thin layer at night.",
        cn="干皮喜欢温水，洗完一分钟内涂面霜，晚上可以再薄薄加一层。",
    ),
)

UNASKED = {"sku_id": "mock_sku_1", "brand": "MockBrand", "name": "Quiet Barrier Cream"}


def small_talk(asked: Asked) -> Reply:
    """The default: a short answer and, always, one recommendations card for the gate to strip."""
    low = asked.message.lower()
    text = next((asked.pick(t.en, t.cn) for t in _TOPICS if any(word in low for word in t.words)), "")
    if not text:
        text = asked.pick(
            "Happy to help. Tell me what your skin is doing today, and I will keep the answer short.",
            "好的，说说你今天的皮肤状态，我尽量讲得简短清楚。",
        )
    return {
        "answer": text,
        "intent": "chat",
        "cards": [{"type": "recommendations", "payload": {"recommendations": [dict(UNASKED)]}}],
    }


def echo(asked: Asked) -> Reply:
    """The query itself, so that a test can read the prefix lines."""
    return {"answer": asked.query, "intent": "chat", "cards": []}


def no_cards(asked: Asked) -> Reply:
    """A healthy text without any card."""
    return {**small_talk(asked), "cards": []}


TOKENS: tuple[Cue, ...] = (
    ("CHAT_PROFILE_PREFIX_ECHO_TEST", echo),
    ("NO_CARDS_TEST", no_cards),
)
TASKS: tuple[Cue, ...] = ()
