"""Which messages are about weather or a trip, and which weather they mean."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.validation import decode
from aurora.rules import weather
from aurora.rules.request import ChatAsk, normalise, trigger_source
from aurora.rules.text import fold
from aurora.rules.weather_texts import ADVICE, EXTRA, SCENARIO_NAME, picks_for, routine_for
from tests.support.linear import assert_linear


def ask(text: str, **more: Any) -> ChatAsk:
    body = {"message": text, **more}
    decode("chat", body)
    return normalise(body, trigger=trigger_source(body))


def means(text: str) -> str | None:
    """The scenario, or None for a message that is about something else."""
    asked = ask(text)
    return weather.read(asked.text).scenario if weather.asks(asked) else None


# (message, scenario); None: no weather at all
EN: list[tuple[str, str | None]] = [
    ("It will snow tomorrow, what should I watch out for?", "snow"),
    ("Snowing all week here, my face feels tight", "snow"),
    ("How do I look after my skin on a ski trip?", "snow"),
    ("Going skiing next month", "snow"),
    ("Snowy and windy out, help", "snow"),
    ("heavy snowfall expected, any skin tips for the weather?", "snow"),
    ("Rain every day this week", "rain"),
    ("what changes on rainy days?", "rain"),
    ("Typhoon weather, how do I keep my skin calm?", "rain"),
    ("monsoon season and breakouts", "unknown"),
    ("A storm is coming, does the weather affect my skin?", "rain"),
    ("The UV index is 11 today", "uv"),
    ("How bad is sun exposure at noon?", "uv"),
    ("uv is strong here", "uv"),
    ("It's sunny and the weather is hot", "uv"),
    ("what about the humidity", "humid"),
    ("Humidity is 90% and my face is shiny", "humid"),
    ("Such humid weather lately", "humid"),
    ("The dry air at work is killing my skin", "dry"),
    ("dry weather all month, what now?", "dry"),
    ("the climate here is very dry", "dry"),
    ("It gets so cold here", "cold"),
    ("cold outside", "cold"),
    ("freezing weather and my cheeks sting", "cold"),
    ("What does cold weather do to skin?", "cold"),
    ("I have a cold winter ahead of me, what should I prepare?", "cold"),
    ("My skin is dry and the cold makes it worse", "cold"),
    ("windy days make my cheeks red", "wind"),
    ("The wind is so strong at the beach", "wind"),
    ("I'm going on a trip", "travel"),
    ("Long flight tomorrow, how do I keep my skin from drying out?", "travel"),
    ("travel skincare for two weeks?", "travel"),
    ("What should I do about my skin when flying?", "travel"),
    ("My destination is Tokyo", "travel"),
    ("Plan my skincare around my itinerary", "travel"),
    ("packing for a hotel stay, what do I take?", "unknown"),
    ("does the weather matter at all?", "unknown"),
    ("The climate changed since I moved", "unknown"),
    ("heat makes me flush", "unknown"),
    ("the temperature drops at night", "unknown"),
    # something else
    ("there is a risk in the louvre", None),
    ("Should I start retinol next week?", None),
    ("Can I use retinol in cold weather?", None),
    ("Does niacinamide help in dry air?", None),
    ("Is hyaluronic acid any good in dry weather?", None),
    ("Which ingredients suit cold weather?", None),
    ("Is vitamin C ok on a ski trip?", None),
    ("I have a cold sore", None),
    ("I caught a bad cold, can it show on my face?", None),
    ("a cold cream for the night", None),
    ("wash with cold water or warm?", None),
    ("cold compress on puffy eyes", None),
    ("snow mushroom in a toner", None),
    ("What do uv filters do?", None),
    ("travel-size cleansers", None),
    ("a travel kit for my bathroom", None),
    ("I want to wind down in the evening", None),
    ("how to repair my barrier", None),
    ("what will I look like in ten years", None),
    ("see you next week", None),
    ("anything for the weekend?", None),
    ("My skin is dry", None),
    ("which sunscreen feels light?", None),
    ("heat rash on my neck", None),
    ("a heat mask for my hair", None),
    ("I feel under pressure lately", None),
    ("my pores look bigger", None),
]

CN: list[tuple[str, str | None]] = [
    ("明天要下雪，我应该注意什么？", "snow"),
    ("雪天皮肤很紧绷", "snow"),
    ("下个月去滑雪，脸怎么护", "snow"),
    ("下雪又刮风，皮肤受不了", "snow"),
    ("最近一直下雨，护肤要换吗", "rain"),
    ("雨天还要涂防晒吗", "rain"),
    ("暴雨天气皮肤闷闷的", "rain"),
    ("台风天要怎么护肤", "rain"),
    ("梅雨季脸上闷闷的", "rain"),
    ("回南天皮肤油腻", "humid"),
    ("零下二十度怎么护肤", "cold"),
    ("紫外线好强，怎么办", "uv"),
    ("UV很强", "uv"),
    ("天气很晒，皮肤发烫", "uv"),
    ("太阳很大的天气怎么护肤", "uv"),
    ("户外暴晒一天，晚上怎么护理", "uv"),
    ("湿度太高，脸上油油的", "humid"),
    ("南方天气潮湿，容易闷", "humid"),
    ("天气闷热，皮肤黏", "humid"),
    ("空气很干燥", "dry"),
    ("北方冬天干燥怎么办", "dry"),
    ("干燥的天气要怎么保湿", "dry"),
    ("换季天气干，脸起皮", "dry"),
    ("冷空气来了，皮肤怎么护", "dry"),
    ("寒冷天气脸颊刺痛", "cold"),
    ("气温零下二十度，脸怎么护", "cold"),
    ("天气变冷了，要换面霜吗", "cold"),
    ("降温了，天气一下子很冷", "cold"),
    ("大风天脸很干", "wind"),
    ("风大的天气皮肤发红", "wind"),
    ("海边风很大", "wind"),
    ("大风天防晒怎么选", "wind"),
    ("要去旅行，带什么护肤", "travel"),
    ("下周出差，皮肤怎么安排", "travel"),
    ("坐飞机皮肤很紧绷", "travel"),
    ("飞行十个小时怎么保湿", "travel"),
    ("去高原玩，皮肤要注意什么", "travel"),
    ("去海边度假怎么护肤", "travel"),
    ("帮我按行程安排护肤", "travel"),
    ("雾霾天怎么护肤", "unknown"),
    ("花粉季皮肤痒", "unknown"),
    ("天气多变，护肤怎么调", "unknown"),
    ("高温天气出油多", "unknown"),
    ("户外运动要怎么护肤", "unknown"),
    ("温差大皮肤受得了吗", None),
    # something else
    ("有什么风险", None),
    ("这个产品的风格我喜欢", None),
    ("风险大不大", None),
    ("下周开始用A醇可以吗", None),
    ("下雪天能用A醇吗", None),
    ("冬天天气干能用水杨酸吗", None),
    ("天气干燥用玻尿酸好吗", None),
    ("紫外线强的时候维C还能用吗", None),
    ("什么成分适合寒冷天气", None),
    ("我的皮肤很干燥", None),
    ("脸很干怎么办", None),
    ("洗脸的水温多少合适", None),
    ("水的温度会影响皮肤吗", None),
    ("防晒霜要卸妆吗", None),
    ("防晒怎么选", None),
    ("周末干什么", None),
    ("下个月再说吧", None),
    ("我想冷静一下", None),
    ("冷敷可以消肿吗", None),
    ("冷白皮怎么养", None),
    ("旅行装洗面奶", None),
    ("晒后修复面膜", None),
    ("海藻面膜好吗", None),
    ("痘痘怎么办", None),
]


@pytest.mark.parametrize(("text", "scenario"), EN + CN, ids=lambda value: str(value)[:40])
def test_scenario(text: str, scenario: str | None) -> None:
    assert means(text) == scenario


def test_the_tables_are_long_enough_in_both_languages() -> None:
    assert len(EN) >= 60
    assert len(CN) >= 60
    for table in (EN, CN):
        assert {scenario for _, scenario in table} == {*ADVICE, None}


@pytest.mark.parametrize(
    ("text", "extra", "dirty"),
    [
        ("smog everywhere, and the wind", "haze", True),
        ("pollution and heat in the city weather", "haze", True),
        ("pollen in the air, spring weather", "pollen", None),
        ("hot weather", "heat", None),
        ("a trip to the mountains", "altitude", None),
        ("the weather is fine, fresh air here", None, False),
        ("no pollution here, but windy", "haze", False),
        ("雾霾天", "haze", True),
        ("交叉污染", None, None),
        ("花粉季", "pollen", None),
        ("去高原旅行", "altitude", None),
        ("高温天气", "heat", None),
        ("空气很好", None, False),
        ("下雪", None, None),
    ],
)
def test_what_else_is_named(text: str, extra: str | None, dirty: bool | None) -> None:
    read = weather.read(fold(text))
    assert (read.extra, read.dirty_air) == (extra, dirty)


@pytest.mark.parametrize("scenario", list(ADVICE))
@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_a_chip_under_a_weather_answer_is_not_about_the_weather_again(scenario: str, lang: Any) -> None:
    name = SCENARIO_NAME[scenario][lang == "CN"]
    for chip_id, words in (
        ("chip.start.routine", routine_for(name, lang)),
        ("chip.start.reco_products", picks_for(name, lang)),
    ):
        tapped = {"action_id": chip_id, "kind": "chip", "data": {"reply_text": words}}
        assert not weather.asks(normalise({"action": tapped}, trigger="chip"))


@pytest.mark.parametrize(
    ("action_id", "about"),
    [
        ("chip.travel.dates", True),
        ("chip.travel.climate_mode", True),
        ("chip.clarify.weather.dry", False),
        ("chip.start.diagnosis", False),
        ("chip.action.analyze_product", False),
    ],
)
def test_what_was_tapped_decides_before_any_word(action_id: str, about: bool) -> None:
    tapped = {"action_id": action_id, "kind": "chip", "data": {"reply_text": "It snows."}}
    assert weather.asks(normalise({"action": tapped}, trigger="chip")) is about


def test_a_question_about_one_product_stays_one_in_any_weather() -> None:
    text = "Is this suitable for cold weather?"
    assert weather.asks(ask(text))
    assert not weather.asks(ask(text, anchor_product_id="p1"))
    assert not weather.asks(ask(text, anchor_product_url="https://shop.example/p1"))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_scenario_with_texts(text: str) -> None:
    read = weather.read(fold(text))
    assert read.scenario in ADVICE
    assert read.extra is None or read.extra in EXTRA


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["空气 干", "snow ", "cold a cold ", "天气a", "it's very ", "风干冷晒"])
def test_reading_takes_time_in_proportion_to_the_text(seed: str) -> None:
    assert_linear(lambda size: partial(weather.read, (seed * size)[:size]))
