"""The decision system's understudy: what it answers to a well-formed question, in both languages.

`CUES` is the whole of it: the first cue whose word stands in the query decides (contract B 16.6, D 10.1).
A new stub token or task is one row here and one function below. Everything is a pure function of the query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from aurora.sandbox import wares
from aurora.sandbox.asked import Asked, read
from aurora.sandbox.wares import BY_ID, Ware

Reply = dict[str, Any]
SCHEMA = "aurora.structured.v1"


def reply(query: str, *, anchor_id: str = "", stub: str = "") -> Reply:
    """The healthy answer to `query`. stub: a token to act on as if it stood in the query."""
    asked = read(query, anchor_id)
    text = f"{stub}\n{query}"
    for word, answer in CUES:
        if word in text:
            return answer(asked)
    return small_talk(asked)


# --- plain chat


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
        "cards": [{"type": "recommendations", "payload": {"recommendations": [{"sku_id": "mock_sku_1"}]}}],
    }


def echo(asked: Asked) -> Reply:
    """The query itself, so that a test can read the prefix lines."""
    return {"answer": asked.query, "intent": "chat", "cards": []}


def no_cards(asked: Asked) -> Reply:
    """A healthy text without any card."""
    return {**small_talk(asked), "cards": []}


# --- recommendations


def _item(ware: Ware, asked: Asked, rank: int) -> dict[str, Any]:
    goals = asked.profile.get("goals") or ()
    goal = (
        str(goals[0])
        if isinstance(goals, list) and goals
        else asked.pick("calm, even skin", "稳定均匀的肤质")
    )
    goal = goal.replace("_", " ")
    skin = str(asked.profile.get("skinType") or asked.pick("your skin", "你的肤质"))
    if ware.id == "mock_cleanser_1":
        reasons = asked.pick(
            f"Goal fit: a clean start for {goal} without stripping.|"
            f"Barrier first: mild cleansing agents that {skin} skin tolerates well.",
            f"贴合目标：为“{goal}”打好清洁基础，洗后不紧绷。|屏障优先：表活温和，{skin}肤质也容易耐受。",
        )
    elif ware.id == "mock_moisturizer_1":
        reasons = asked.pick(
            f"Barrier support: ceramides and panthenol keep water in, so {goal} has a calm base.|"
            "Goal fit: light enough to wear morning and night.",
            f"屏障支持：神经酰胺和泛醇帮助锁水，让“{goal}”有个稳定的底子。|贴合目标：质地轻，早晚都能用。",
        )
    else:
        reasons = asked.pick(
            f"Goal fit: works on {goal}.|Barrier note: start slowly, two nights a week.",
            f"贴合目标：针对“{goal}”。|屏障提示：从每周两晚开始，慢慢加。",
        )
    return {
        "slot": "other",
        "step": ware.step(asked.lang),
        "score": 90 - 6 * rank,
        "sku": wares.sku(ware, asked.lang),
        "reasons": reasons.split("|"),
        "evidence_pack": {
            "keyActives": list(ware.actives),
            "sensitivityFlags": [],
            "pairingRules": [],
            "comparisonNotes": [],
            "citations": ["kb:understudy-0001"],
        },
        "missing_info": [],
        "warnings": [],
    }


def _generation(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "recommendations": items,
        "evidence": {"science": {"key_ingredients": []}, "expert_notes": []},
        "confidence": 0.62,
        "missing_info": [],
        "warnings": [],
    }


def _picks(*ids: str) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        items = [_item(BY_ID[name], asked, rank) for rank, name in enumerate(ids)]
        return {"answer": _text(_generation(items)), "intent": "reco_products", "cards": []}

    return answer


def top_level(asked: Asked) -> Reply:
    """Items under a top-level `recommendations` key (contract D 5.2, shape 7)."""
    items = [
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    ]
    return {"answer": asked.pick("Two gentle picks.", "两款温和的选择。"), "recommendations": items}


def in_structured(asked: Asked) -> Reply:
    """Items under `structured` (contract D 5.2, source 6)."""
    items = [
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    ]
    return {
        "answer": asked.pick("Two gentle picks.", "两款温和的选择。"),
        "structured": {"schema_version": SCHEMA, **_generation(items)},
    }


def in_prose(asked: Asked) -> Reply:
    """The JSON wrapped in a code fence and small talk."""
    items = [_item(BY_ID["mock_cleanser_1"], asked, 0), _item(BY_ID["mock_moisturizer_1"], asked, 1)]
    lead = asked.pick("Here you go {smile}:", "给你整理好了 {smile}：")
    return {"answer": f"{lead}\n```json\n{_text(_generation(items))}\n```\n", "cards": []}


def commerce_json(asked: Asked) -> Reply:
    """An open-chat answer full of commerce that the gate must not let through."""
    body = {
        **_generation([_item(BY_ID["mock_moisturizer_1"], asked, 0)]),
        "offers": [{"affiliate_url": "https://shop.example/buy/mock_moisturizer_1", "price": {"usd": 22.0}}],
    }
    return {
        "answer": _text(body),
        "intent": "chat",
        "structured": {"schema_version": SCHEMA, **body},
        "cards": [],
    }


def routine(asked: Asked) -> Reply:
    """One morning cleanser, one evening moisturizer, in `context.routine`."""
    am, pm = (
        _item(BY_ID[name], asked, rank) for rank, name in enumerate(("mock_cleanser_1", "mock_moisturizer_1"))
    )
    return {
        "answer": asked.pick(
            "A small routine to start with: wash in the morning, seal in moisture at night.",
            "先从一个小流程开始：早上温和洁面，晚上好好保湿。",
        ),
        "intent": "routine",
        "context": {
            "routine": {
                "am": [{**am, "slot": "am", "notes": am["reasons"]}],
                "pm": [{**pm, "slot": "pm", "notes": pm["reasons"]}],
            },
            "budget": "¥500",
        },
        "cards": [],
    }


# --- report model


def report(asked: Asked) -> Reply:
    """The report model's strict JSON (contract C 14); the strategy ends with a question."""
    if asked.cn:
        features = [
            ("目前的信息更像是混合出油、局部偏干的状态。", "somewhat_sure"),
            ("屏障需要多一点耐心，先稳住再谈提亮。", "somewhat_sure"),
            ("肤色不均可能与日晒累积有关。", "not_sure"),
            ("现有流程步骤不多，这是个好的起点。", "pretty_sure"),
        ]
        strategy = (
            "先用两周时间把清洁、保湿、防晒做稳。"
            "新的活性成分一次只加一种，从每周两晚开始。最近有没有刺痛或泛红？"
        )
    else:
        features = [
            ("From what you told me, oil and dryness seem to share the face.", "somewhat_sure"),
            ("The barrier asks for patience: steady first, brighter later.", "somewhat_sure"),
            ("Uneven tone may have to do with sun over the years.", "not_sure"),
            ("Your routine is short, which is a good place to start.", "pretty_sure"),
        ]
        strategy = (
            "Give cleansing, moisture and sunscreen two steady weeks. "
            "Add one active at a time, two nights a week. Has your skin stung or turned red lately?"
        )
    body = {
        "features": [{"observation": text, "confidence": sure} for text, sure in features],
        "strategy": strategy,
        "needs_risk_check": False,
    }
    return {"answer": _text(body), "intent": "skin_report"}


def report_forbidden(asked: Asked) -> Reply:
    """A report that names a disease: the validator must reject it whole."""
    word = asked.pick("This looks like rosacea.", "看起来像湿疹。")
    ask = asked.pick("Shall we go on?", "要继续吗？")
    body = {
        "features": [{"observation": word, "confidence": "pretty_sure"}] * 2,
        "strategy": f"{word} {ask}",
        "needs_risk_check": True,
    }
    return {"answer": _text(body), "intent": "skin_report"}


def report_no_question(asked: Asked) -> Reply:
    """A report whose strategy asks nothing: rejected too."""
    good = msgspec.json.decode(report(asked)["answer"])
    good["strategy"] = asked.pick("Keep going as you are.", "照现在这样继续就好。")
    return {"answer": _text(good), "intent": "skin_report"}


# --- product tasks, kept small until their own issue


def _mock_product(dupe: bool) -> dict[str, Any]:
    if dupe:
        return {
            "sku_id": "mock_dupe_1",
            "brand": "MockDupeBrand",
            "name": "Mock Dupe Product",
            "category": "serum",
        }
    return {"sku_id": "mock_sku_1", "brand": "MockBrand", "name": "Mock Parsed Product", "category": "serum"}


def _assessment(asked: Asked, dupe: bool, confidence: float) -> dict[str, Any]:
    return {
        "verdict": "Suitable",
        "confidence": confidence,
        "reasons": [
            asked.pick("Light texture that rarely weighs on the skin.", "质地轻薄，一般不会有负担。"),
            asked.pick("The lead ingredient suits a daily routine.", "主打成分适合日常使用。"),
        ],
        "science_evidence": [{"key": "hyaluronic acid" if dupe else "niacinamide", "grade": "B"}],
        "social_signals": {"typical_positive": ["soothing"], "top_keywords": ["soothing"]},
        "expert_notes": [asked.pick("Patch-test behind the ear first.", "先在耳后试用。")],
    }


def _alternatives(asked: Asked, dupe: bool) -> list[dict[str, Any]]:
    if dupe:
        return []
    return [
        {
            "product": _mock_product(True),
            "similarity_score": 82,
            "tradeoffs": {
                "missing_actives": ["niacinamide"],
                "added_benefits": ["peptides"],
                "texture_finish_differences": [asked.pick("Feels lighter on the skin.", "肤感更轻薄。")],
            },
            "reasons": [asked.pick("Similar idea, lower price.", "思路相近，价格更低。")],
        }
    ]


def parse_product(asked: Asked) -> Reply:
    """`Task: Parse`."""
    low = asked.message.lower()
    dupe = "dupe" in low or "competitor" in low
    product = _mock_product(dupe)
    structured = {
        "schema_version": SCHEMA,
        "parse": {"anchor_product": product, "parse_confidence": 0.7},
        "analyze": _assessment(asked, dupe, 0.6),
        "alternatives": _alternatives(asked, dupe),
    }
    return {
        "answer": _text({"product": product, "confidence": 0.7, "missing_info": []}),
        "intent": "product_parse",
        "structured": structured,
    }


def deep_scan(asked: Asked) -> Reply:
    """`Task: Deep-scan`."""
    dupe = "dupe" in asked.message.lower()
    structured = {
        "schema_version": SCHEMA,
        "analyze": _assessment(asked, dupe, 0.62),
        "alternatives": _alternatives(asked, dupe),
    }
    return {"answer": _text(structured["analyze"]), "intent": "product_analyze", "structured": structured}


def compare(asked: Asked) -> Reply:
    """`Task: Compare`; with COMPARE_EMPTY_TEST nothing to compare was found."""
    empty = "COMPARE_EMPTY_TEST" in asked.query
    tradeoffs = (
        []
        if empty
        else [
            asked.pick(
                "The dupe leaves out niacinamide, so expect less help with shine.",
                "平替不含烟酰胺，控油效果预计会弱一些。",
            ),
            asked.pick(
                "It adds peptides and feels lighter than the original.", "平替多了胜肽，肤感比原品更轻薄。"
            ),
        ]
    )
    body = {
        "original": _mock_product(False),
        "dupe": _mock_product(True),
        "tradeoffs": tradeoffs,
        "evidence": None if empty else {"science": {"key_ingredients": ["niacinamide"]}},
        "confidence": 0.5,
        "missing_info": [],
    }
    return {"answer": _text(body), "intent": "dupe_compare"}


def context_cards(asked: Asked) -> Reply:
    """Citations, an environment score, and with an anchor a retinoid-with-acids conflict."""
    context: dict[str, Any] = {
        "external_verification": {
            "citations": [
                {
                    "title": "Retinoids and the skin barrier: a review",
                    "source": "Understudy Journal",
                    "year": 2024,
                },
                {"title": "Layering of acids at night", "source": "Understudy Journal", "year": 2023},
            ]
        },
        "env_stress": {
            "schema_version": "aurora.env_stress.v1",
            "ess": 88,
            "contributors": [
                {"key": "uv", "weight": 0.6, "note": asked.pick("Strong sun around noon.", "正午紫外线强。")},
                {"key": "dryness", "weight": 0.4, "note": asked.pick("Dry air indoors.", "室内空气干燥。")},
            ],
            "missing_inputs": [],
        },
    }
    if asked.anchor_id:
        context["conflict_detector"] = {
            "safe": False,
            "conflicts": [
                {
                    "severity": "block",
                    "rule_id": "retinoid_x_acids",
                    "message": asked.pick(
                        "Retinoid and acids on one night ask too much of the skin.",
                        "视黄醇和酸类同一晚叠加，皮肤负担太大。",
                    ),
                }
            ],
            "summary": asked.pick("Alternate the nights.", "建议隔夜交替。"),
        }
    return {
        "answer": asked.pick(
            "Today asks for a little care; details are below in plain words.",
            "今天要多护着点皮肤，细节我用大白话说。",
        ),
        "intent": "chat",
        "context": context,
        "cards": [],
    }


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


CUES: tuple[tuple[str, Callable[[Asked], Reply]], ...] = (
    ("CHAT_PROFILE_PREFIX_ECHO_TEST", echo),
    ("NO_CARDS_TEST", no_cards),
    ("CONTEXT_CARDS_TEST", context_cards),
    ("STRUCTURED_COMMERCE_TEST", commerce_json),
    ("PICKS_TREATMENT_ONLY_TEST", _picks("mock_treatment_1")),
    ("PICKS_WITH_TREATMENT_TEST", _picks("mock_treatment_1", "mock_moisturizer_1")),
    ("PICKS_EMPTY_TEST", _picks()),
    ("PICKS_TOP_LEVEL_TEST", top_level),
    ("PICKS_STRUCTURED_TEST", in_structured),
    ("PICKS_FENCED_TEST", in_prose),
    ("REPORT_FORBIDDEN_TEST", report_forbidden),
    ("REPORT_NO_QUESTION_TEST", report_no_question),
    ("needs_risk_check", report),
    ("Task: Parse", parse_product),
    ("Task: Deep-scan", deep_scan),
    ("Task: Compare", compare),
    ("Task: Generate skincare product picks", _picks("mock_cleanser_1", "mock_moisturizer_1")),
    ("Task: Generate skincare recommendations", _picks("mock_cleanser_1", "mock_moisturizer_1")),
    ("AM/PM skincare routine", routine),
)
