"""Which questions are about whether a product is to be had, and what is then looked for (contract B 14)."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.rules import availability, availability_texts, stable_products
from aurora.rules.availability_query import QUERY_CAP, cleaned
from aurora.rules.request import ChatAsk, normalise, trigger_source
from tests.support.linear import assert_linear

Wanted = tuple[str, str, str, bool] | None

# (message, what is read: reason, brand, query, whether it names one product; None for any other question)
HINT, BARE, GENERIC = "availability_hint", "bare_brand_query", "availability_hint_generic"
WINONA, IPSA, NOBODY = "brand_winona", "brand_ipsa", "brand_generic"

EN: list[tuple[str, Wanted]] = [
    ("Do you have Winona products?", (HINT, WINONA, "Winona", False)),
    ("Do you have anything from Winona?", (HINT, WINONA, "Winona", False)),
    ("Is Winona in stock?", (HINT, WINONA, "Winona", False)),
    ("Winona", (BARE, WINONA, "Winona", False)),
    ("winona", (BARE, WINONA, "Winona", False)),
    ("WINONA?", (HINT, WINONA, "Winona", False)),
    ("Winona link please", (HINT, WINONA, "Winona", False)),
    ("What about Winona?", (HINT, WINONA, "Winona", False)),
    ("Where can I buy Winona?", (HINT, WINONA, "Winona", False)),
    ("Is Winona Soothing Repair Serum in stock?", (HINT, WINONA, "Winona Soothing Repair Serum", True)),
    ("Do you carry Winona Moisturizing Cream 50g?", (HINT, WINONA, "Winona Moisturizing Cream 50g", True)),
    ("Hello, could you tell me if you carry IPSA?", (HINT, IPSA, "IPSA", False)),
    ("IPSA", (BARE, IPSA, "IPSA", False)),
    ("ipsa available?", (HINT, IPSA, "IPSA", False)),
    ("I P S A time reset aqua available?", (HINT, IPSA, "IPSA time reset aqua", True)),
    ("i.p.s.a", (BARE, IPSA, "IPSA", False)),
    ("Is IPSA The Time R Aqua available now?", (HINT, IPSA, "IPSA The Time R Aqua", True)),
    ("wei nuo na", (BARE, WINONA, "Winona", False)),
    ("Can I buy wei-nuo-na here?", (HINT, WINONA, "Winona", False)),
    ("please, is Winona on sale?", (HINT, WINONA, "Winona", False)),
    ("I'd like to know if you sell IPSA", (BARE, IPSA, "IPSA", False)),
    ("Is CeraVe Moisturizing Cream in stock?", (GENERIC, NOBODY, "CeraVe Moisturizing Cream", True)),
    ("Where can I buy La Roche-Posay Cicaplast?", (GENERIC, NOBODY, "La Roche-Posay Cicaplast", True)),
    ("Do you have Avène thermal water?", (GENERIC, NOBODY, "Avène thermal water", True)),
    ("Can I buy Bioderma Sensibio H2O here?", (GENERIC, NOBODY, "Bioderma Sensibio H2O", True)),
    ("Do you have any Bioderma?", (GENERIC, NOBODY, "Bioderma", False)),
    ("is CeraVe foaming cleanser available?", (GENERIC, NOBODY, "CeraVe foaming cleanser", True)),
    ("availability of Vichy Mineral 89", (GENERIC, NOBODY, "Vichy Mineral 89", True)),
    (
        "Do you sell the Beauty of Joseon sunscreen?",
        (GENERIC, NOBODY, "the Beauty of Joseon sunscreen", True),
    ),
    ("have any Anessa?", (GENERIC, NOBODY, "Anessa", False)),
    ("Where to buy Cetaphil", (GENERIC, NOBODY, "Cetaphil", False)),
    ("Do you stock SKIN1004?", (GENERIC, NOBODY, "SKIN1004", True)),
    ("Do you have a toner?", (GENERIC, NOBODY, "toner", False)),
    ("What is hyaluronic acid?", None),
    ("How often should I exfoliate?", None),
    ("What does ceramide do?", None),
    ("Is it normal to peel?", None),
    ("Do you have any advice for oily skin?", None),
    ("do you have any tips", None),
    ("do you have a minute", None),
    ("Do you have an opinion on slugging?", None),
    ("What's the link between diet and acne?", None),
    ("Should I buy retinol?", None),
    ("What should I buy?", None),
    ("Recommend a Winona serum", None),
    ("Is Winona good for redness?", None),
    ("Is Winona suitable for me?", None),
    ("Can I use Winona after a peel?", None),
    ("Evaluate Winona cream for me", None),
    ("Does Winona go with retinol, can I layer it with adapalene?", None),
    ("Winona in cold weather?", None),
    ("Start a skin diagnosis", None),
    ("build me an AM/PM routine with Winona", None),
    ("What is the evidence for the ingredients in Winona?", None),
    ("Which is better, Winona or IPSA and why would it matter", None),
    ("Is Winona available at https://shop.example/x ?", None),
    ("How long is a serum available after opening?", None),
    ("Do you have evidence for that?", None),
    ("are there side effects", None),
    ("do you have time to talk", None),
    ("my friend loves Winona a lot", None),
    ("Find alternatives to IPSA", None),
    ("hi", None),
    ("Do you have experience with rosacea?", None),
]

CN: list[tuple[str, Wanted]] = [
    ("有没有薇诺娜的产品", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜", (BARE, WINONA, "薇诺娜", False)),
    ("薇诺娜？", (HINT, WINONA, "薇诺娜", False)),
    ("请问薇诺娜怎么样", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜有吗", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜有货吗", (HINT, WINONA, "薇诺娜", False)),
    ("你们有薇诺娜吗", (HINT, WINONA, "薇诺娜", False)),
    ("哪里能买到薇诺娜", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜链接", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜怎么买", (HINT, WINONA, "薇诺娜", False)),
    ("我想买薇诺娜", (BARE, WINONA, "薇诺娜", False)),
    ("薇诺娜旗舰店", (HINT, WINONA, "薇诺娜", False)),
    ("薇诺娜特护霜有货吗", (HINT, WINONA, "薇诺娜特护霜", True)),
    ("薇诺娜舒敏保湿特护霜 50g 有没有现货？", (HINT, WINONA, "薇诺娜舒敏保湿特护霜 50g", True)),
    ("请问有没有薇诺娜舒敏保湿特护霜", (HINT, WINONA, "薇诺娜舒敏保湿特护霜", True)),
    ("你好，帮我查查薇诺娜防晒有没有", (HINT, WINONA, "薇诺娜防晒", False)),
    ("想问一下薇诺娜面膜哪里买", (HINT, WINONA, "薇诺娜面膜", False)),
    ("茵芙莎", (BARE, IPSA, "茵芙莎", False)),
    ("茵芙莎有没有", (HINT, IPSA, "茵芙莎", False)),
    ("茵芙莎流金水有货吗", (HINT, IPSA, "茵芙莎流金水", True)),
    ("IPSA 流金水哪里能买到", (HINT, IPSA, "IPSA 流金水", True)),
    ("IPSA有没有", (HINT, IPSA, "IPSA", False)),
    ("有IPSA的产品吗", (HINT, IPSA, "IPSA", False)),
    ("Winona有货吗", (HINT, WINONA, "Winona", False)),
    ("有没有 The Ordinary 的烟酰胺", (GENERIC, NOBODY, "The Ordinary 的烟酰胺", True)),
    ("有没有珂润面霜", (GENERIC, NOBODY, "珂润面霜", False)),
    ("理肤泉B5有货吗", (GENERIC, NOBODY, "理肤泉B5", True)),
    ("你们店里有海蓝之谜吗", (GENERIC, NOBODY, "海蓝之谜", False)),
    ("珂润的面霜哪里可以买", (GENERIC, NOBODY, "珂润的面霜", False)),
    ("雅漾喷雾现货", (GENERIC, NOBODY, "雅漾喷雾", False)),
    ("有CeraVe吗", (GENERIC, NOBODY, "CeraVe", False)),
    ("有没有修丽可CE精华", (GENERIC, NOBODY, "修丽可CE精华", False)),
    ("欧莱雅小蜜罐面霜库存", (GENERIC, NOBODY, "欧莱雅小蜜罐面霜", False)),
    ("请问玻尿酸是什么？", None),
    ("请问孕期能用什么？", None),
    ("神经酰胺有什么用？", None),
    ("多久去一次角质？", None),
    ("有没有必要每天去角质", None),
    ("有没有什么办法改善毛孔", None),
    ("有没有刺激性", None),
    ("有没有副作用", None),
    ("有没有依据", None),
    ("有没有便宜点的", None),
    ("痘痘有没有可能自己好", None),
    ("我有没有过敏", None),
    ("有没有人和我一样", None),
    ("店里的灯光很亮", None),
    ("推荐薇诺娜的面霜", None),
    ("薇诺娜适合我吗", None),
    ("薇诺娜能用吗", None),
    ("评估一下薇诺娜这款产品", None),
    ("薇诺娜和A醇能一起用吗", None),
    ("下雪天薇诺娜有没有合适的面霜", None),
    ("薇诺娜的成分机理是什么", None),
    ("帮我生成早晚护肤方案，用薇诺娜", None),
    ("开始皮肤诊断", None),
    ("薇诺娜平替", None),
    ("我朋友很喜欢薇诺娜的包装", None),
    ("薇诺娜和茵芙莎哪个好用一些呢说说看", None),
    ("你好", None),
    ("购买护肤品要注意什么", None),
    ("给我推荐产品，有链接吗", None),
    ("有效果吗", None),
    ("有什么好处吗", None),
    ("多喝水有没有用处", None),
]


def ask(text: str, **more: object) -> ChatAsk:
    body = {"message": text, **more}
    return normalise(body, trigger=trigger_source(body))


def read(text: str) -> Wanted:
    asked = availability.read(ask(text))
    return (asked.reason, asked.brand_id, asked.query, asked.specific) if asked else None


@pytest.mark.parametrize(("text", "wanted"), EN + CN, ids=lambda value: str(value)[:40])
def test_availability(text: str, wanted: Wanted) -> None:
    assert read(text) == wanted


def test_the_tables_are_long_enough_in_both_languages() -> None:
    assert min(len(EN), len(CN)) >= 60


@pytest.mark.parametrize(
    "body",
    [
        {"action": {"action_id": "chip.start.routine", "kind": "chip", "data": {"reply_text": "Winona?"}}},
        {"message": "Winona in stock?", "anchor_product_id": "p1"},
        {"message": "Winona in stock?", "anchor_product_url": "https://shop.example/p1"},
        {"message": "Winona in stock? https://shop.example/p1"},
        {"message": ""},
    ],
)
def test_taps_and_linked_products_are_something_else(body: dict[str, object]) -> None:
    assert availability.read(normalise(body, trigger=trigger_source(body))) is None


@pytest.mark.parametrize(
    ("message", "query"),
    [
        ("请问一下，有没有 薇诺娜 薇诺娜 面霜？", "薇诺娜 面霜"),
        ("Winona Winona serum serum in stock?", "Winona serum"),
        ("你好你好，想问一下，帮我查查珂润", "珂润"),
        ("“The Ordinary” (30ml), in stock?!", "The Ordinary 30ml"),
        ("有没有有货", ""),
        ("   ", ""),
        ("x" * 400, "x" * 120),
    ],
)
def test_what_is_looked_for(message: str, query: str) -> None:
    assert cleaned(message) == query


@settings(deadline=None)
@given(st.text(max_size=700))
def test_any_text_is_read_within_bounds(text: str) -> None:
    assert len(cleaned(text)) <= QUERY_CAP
    asked = availability.read(ask(text))
    if asked is not None:
        assert asked.query
        assert len(asked.query) <= QUERY_CAP
        for lang in ("EN", "CN"):
            said = availability_texts.found(asked.query, [text] * 9, lang)
            assert len(said) <= 280


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_no_text_speaks_of_stock_and_every_text_leads_on(lang: str) -> None:
    names = ["Winona 现货秒发 Cream", "Winona Serum (in stock)", "Plain Cream", "B", "C", "D"]
    said = [
        availability_texts.found("Winona", names, lang),  # type: ignore[arg-type]
        availability_texts.not_found("Winona", lang, late=True),  # type: ignore[arg-type]
        availability_texts.not_found("Winona", lang, late=False),  # type: ignore[arg-type]
        availability_texts.boundary(lang),  # type: ignore[arg-type]
    ]
    assert "Plain Cream" in said[0]
    for text in said:
        for word in ("in stock", "available", "现货", "有货", "skin type", "肤质"):
            assert word not in text.lower()
        for ways in (("official store", "retailer"),) if lang == "EN" else (("旗舰店", "零售商"),):
            assert all(way in text for way in ways)


@pytest.mark.parametrize(
    ("text", "medical"),
    [
        ("Does it cure acne", True),
        ("Eczema Relief Cream", True),
        ("treats dermatitis", True),
        ("heals", True),
        ("a prescription steroid", True),
        ("湿疹膏", True),
        ("能治愈吗", True),
        ("不含激素", True),
        ("Treatment Essence", False),
        ("Secure your cap", False),
        ("healthy skin cream", False),
        ("舒敏保湿特护霜", False),
    ],
)
def test_medical_words(text: str, medical: bool) -> None:
    assert availability_texts.is_medical(text) is medical


@pytest.mark.parametrize(
    ("text", "product_id"),
    [
        ("Winona Soothing Repair Serum", "9886500749640"),
        ("薇诺娜舒敏修护精华 30ml", "9886500749640"),
        ("IPSA The Time Reset Aqua", "9886500127048"),
        ("茵芙莎流金水", "9886500127048"),
        ("ipsa 流金岁月", "9886500127048"),
        ("Soothing Repair Serum", None),
        ("Winona", None),
        ("薇诺娜特护霜", None),
        ("茵芙莎面霜", None),
        ("流金水", None),
    ],
)
def test_half_a_name_means_no_product_of_the_hot_set(text: str, product_id: str | None) -> None:
    found = stable_products.meant_by(text)
    assert (found.product_id if found else None) == product_id


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", ["有没有 ", "有a", "请问", "winona ", "do you have ", "i p s a ", "哪里可以买"]
)
def test_reading_takes_time_in_proportion_to_the_text(seed: str) -> None:
    assert_linear(lambda size: partial(availability.read, ask((seed * size)[:size])))
