"""Is one product to be judged, and which: phrases, anchors, signals, in both languages (contract B 8.8)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import fit_check
from aurora.rules.request import ChatAsk, normalise, trigger_source
from tests.support.linear import Work, assert_linear


def ask(message: str, **more: Any) -> ChatAsk:
    body = {"message": message, **more} if message else dict(more)
    return normalise(body, trigger=trigger_source(body))


# message -> the phrase that could name a product, and whether a catalogue could know it
PHRASES = [
    ("Evaluate a specific product for me", "a specific product", False),
    ("Is this okay for sensitive skin", "this", False),
    ("Can I use this cream?", "this cream", False),
    ("Is this serum safe during pregnancy?", "this serum", False),
    ("CeraVe", "CeraVe", False),
    ("CeraVe moisturizer", "CeraVe moisturizer", True),
    ("Is CeraVe moisturizer suitable for dry skin?", "CeraVe moisturizer", True),
    ("Is The Ordinary Niacinamide 10% good for me?", "The Ordinary Niacinamide 10%", True),
    ("Will La Roche-Posay Cicaplast Baume B5 break me out?", "La Roche-Posay Cicaplast Baume B5", True),
    ("Hi! Can you check if The Ordinary Buffet suits me?", "The Ordinary Buffet", True),
    ("Can I use Differin gel every night?", "Differin gel", True),
    ("check this product: Paula's Choice 2% BHA", "Paula's Choice 2% BHA", True),
    ("No.7 Protect & Perfect, is this good?", "No.7 Protect & Perfect", True),
    ("I'm pregnant. Is Bio-Oil Skincare Oil safe for me?", "Bio-Oil Skincare Oil", True),
    ("Can I use retinol? I'm 28", "retinol", False),
    ("meet me at 10:30", "meet me at 10:30", True),
    ("Is this good? https://shop.example/p/1?x=2.", "https://shop.example/p/1?x=2", True),
    ("这款适合我吗", "这款", False),
    ("这款面霜适合敏感肌吗", "这款面霜", False),
    ("孕期可以用吗", "孕期", False),
    ("这款适不适合我：雅漾 舒护喷雾", "雅漾 舒护喷雾", True),
    ("评估: 兰蔻小黑瓶", "兰蔻小黑瓶", True),
    ("雅诗兰黛小棕瓶，油皮适合吗", "雅诗兰黛小棕瓶", True),
    ("帮我看看这款产品：兰蔻 菁纯面霜，适合干皮吗", "兰蔻 菁纯面霜", True),
    ("SK-II神仙水适合油皮吗", "SK-II神仙水", True),
    ("理肤泉B5怎么样 适合我吗", "理肤泉B5", True),
    ("CeraVe面霜能用吗", "CeraVe面霜", True),
    ("我28岁，A醇能用吗", "A醇", False),
    ("产品名", "产品名", False),
    ("", "", False),
]


@pytest.mark.parametrize(("message", "phrase", "known"), PHRASES, ids=[row[0] for row in PHRASES])
def test_the_phrase_that_could_name_a_product(message: str, phrase: str, known: bool) -> None:
    assert fit_check.product_phrase(message) == phrase
    assert fit_check.meaningful(phrase) is known
    assert fit_check.anchored(ask(message)) is known


@pytest.mark.parametrize("key", ["anchor_product_id", "anchor_product_url"])
def test_an_anchor_of_the_request_is_one(key: str) -> None:
    request = ask("这款适合我吗", **{key: "https://shop.example/p/1"})
    assert fit_check.anchored(request)
    assert fit_check.subject(request) == "https://shop.example/p/1"


@pytest.mark.parametrize(
    "message",
    [
        "Evaluate a specific product for me", "Send a link", "Is this okay for sensitive skin",
        "is it suitable?", "Will this suit me", "Can I use this cream?", "这款适合我吗", "能用吗",
        "帮我评估一款产品", "孕期可以用吗",
        "Is CeraVe moisturizer suitable for dry skin?", "Is The Ordinary Niacinamide 10% good for me?",
    ],
)  # fmt: skip
def test_a_verdict_is_wanted(message: str) -> None:
    assert fit_check.evaluates(ask(message))


@pytest.mark.parametrize(
    "message",
    [
        "hello", "Can I use retinol?", "A醇能用吗", "Can I use retinol with glycolic acid?",
        "Is retinol good for me?", "Is it okay to exfoliate daily?", "什么面霜适合敏感肌，能用吗",
        "What cleanser is suitable for oily skin?", "recommend a moisturizer suitable for dry skin",
        "evaluate my routine", "评估我的皮肤", "start a skin diagnosis",
        "Is slugging good for oily skin?", "Is drinking water good for my skin?",
        "clinical evidence for the ingredients, is it safe", "",
    ],
)  # fmt: skip
def test_no_single_product_is_to_be_judged(message: str) -> None:
    request = ask(message)
    assert not fit_check.evaluates(request)
    assert fit_check.subject(request) is None


def test_a_chip_wants_a_verdict() -> None:
    action = {"action_id": "chip.action.analyze_product", "kind": "chip", "data": {"reply_text": "Check one"}}
    assert fit_check.evaluates(ask("", action=action))


@pytest.mark.parametrize(
    "message",
    [
        "Send a link", "link", "URL", "product name", "I'll send you the link.", "发送链接", "链接", "产品名",
        "请粘贴链接",
    ],
)  # fmt: skip
def test_an_anchor_is_announced(message: str) -> None:
    assert fit_check.collects(ask(message))
    assert fit_check.subject(ask(message), awaited=True) is None


@pytest.mark.parametrize("chip_id", [fit_check.SEND_LINK, fit_check.SEND_NAME])
def test_a_tap_announces_an_anchor_unless_it_brings_one(chip_id: str) -> None:
    action = {"action_id": chip_id, "kind": "chip", "data": {"reply_text": "Send a link"}}
    assert fit_check.collects(ask("", action=action))
    assert not fit_check.collects(ask("", action=action, anchor_product_id="p1"))
    assert not fit_check.collects(ask("https://shop.example/p/1", action=action))


@pytest.mark.parametrize(
    "message", ["the link between stress and acne", "what's in a name", "Is this good? https://a.example/p"]
)
def test_other_talk_of_links_announces_nothing(message: str) -> None:
    assert not fit_check.collects(ask(message))


@pytest.mark.parametrize(
    ("message", "subject"),
    [
        ("CeraVe Hydrating Cleanser", "CeraVe Hydrating Cleanser"),
        ("Olay anti-wrinkle night cream", "Olay anti-wrinkle night cream"),
        ("雅诗兰黛小棕瓶", "雅诗兰黛小棕瓶"),
        ("CeraVe", None),
        ("retinol", None),
        ("never mind", None),
        ("how do I wash my face properly", None),
        ("recommend a moisturizer from CeraVe", None),
        ("thanks, that was helpful indeed", None),
        ("怎么洗脸比较好", None),
    ],
)
def test_a_name_alone_is_the_subject_only_if_it_was_asked_for(message: str, subject: str | None) -> None:
    assert fit_check.subject(ask(message), awaited=True) == subject
    assert fit_check.subject(ask(message)) is None


INCI = "Aqua, Glycerin, Niacinamide, Panthenol, Carbomer, Sodium Hydroxide, Phenoxyethanol, Parfum"


@pytest.mark.parametrize(
    ("message", "listed"),
    [
        (INCI, True),
        ("水、甘油、丁二醇、烟酰胺、泛醇、卡波姆、苯氧乙醇、香精", True),
        ("Ingredients: water, glycerin, retinol. Is this okay for me?", True),
        ("成分表：水、甘油、烟酰胺、视黄醇，适合我吗", True),
        ("Ingredients: a secret", False),
        ("I wash, tone, moisturize, then sleep, eat, work, and wonder: is this ok?", False),
        ("早上洗面奶、爽肤水、精华、面霜、防晒，晚上卸妆油、洗面奶、面霜，这样能用吗", False),
        ("", False),
    ],
)
def test_a_list_of_ingredients_stands_for_a_product(message: str, listed: bool) -> None:
    assert (fit_check.ingredient_list(message) is not None) is listed


def test_a_list_is_judged_if_it_was_asked_for_or_asks_for_it() -> None:
    assert fit_check.subject(ask(INCI)) is None
    assert fit_check.subject(ask(INCI), awaited=True) == INCI
    asked = f"Ingredients: {INCI}. Is this okay for me?"
    assert fit_check.subject(ask(asked)) == f"{INCI}. Is this okay for me?"
    assert fit_check.anchored(ask(asked))


def test_a_link_alone_is_a_subject_always() -> None:
    link = "https://shop.example/p/42"
    assert fit_check.subject(ask(link)) == link
    assert fit_check.subject(ask(f"I read {link} and wondered about all the other things in it")) is None


@given(st.text(max_size=400))
def test_any_text_has_a_phrase_within_bounds(message: str) -> None:
    phrase = fit_check.product_phrase(message)
    assert len(phrase) <= 2048
    assert fit_check.meaningful(phrase) in (True, False)
    fit_check.subject(ask(message), awaited=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", ["is this ", "https://", "这款适合", "please ", "a: ", "can i use ", "paste "]
)
def test_reading_takes_time_in_proportion_to_the_text(seed: str) -> None:
    def work_on(size: int) -> Work:
        text = (seed * size)[:size]
        request = ChatAsk(message=text, text=text, worded=True, spoken="", trigger="text")

        def work() -> None:
            fit_check.evaluates(request)
            fit_check.collects(request)
            fit_check.product_phrase(request.message)

        return work

    assert_linear(work_on)
