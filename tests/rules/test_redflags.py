"""The medical boundary: every hit judged, a denial holds only inside its clause (contract B 9.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.rules import redflags

BLOCKED = [
    ("severe pain, oozing pus and fever, recommend", ("severe_pain", "infection_signal")),
    ("剧痛 化脓 出血", ("severe_pain", "infection_signal", "bleeding_ulcer")),
    ("no bleeding but fever, recommend", ("infection_signal",)),
    ("没有出血，但是化脓了", ("infection_signal",)),
    ("没有发烧，化脓了", ("infection_signal",)),
    ("No bleeding. Fever since yesterday", ("infection_signal",)),
    ("No bleeding, fever", ("infection_signal",)),
    ("no fever and bleeding", ("bleeding_ulcer",)),
    ("No redness, but I have a fever and it's spreading fast", ("infection_signal", "rapid_worsening")),
    ("I have no fever; the open sores hurt", ("bleeding_ulcer",)),
    ("ulcers on my lip", ("bleeding_ulcer",)),
    ("two infections this month", ("infection_signal",)),
    ("it is not getting better, there is pus", ("infection_signal",)),
    ("the wound has not stopped bleeding", ("bleeding_ulcer",)),
    ("not sure if it is infected", ("infection_signal",)),
    ("not only redness but pus", ("infection_signal",)),
    ("I don't know why it's bleeding", ("bleeding_ulcer",)),
    ("no fever or chills but oozing", ("infection_signal",)),
    ("getting worse quickly", ("rapid_worsening",)),
    ("my eyelids are swollen", ("eye_swelling",)),
    ("puffy eyelid since this morning", ("eye_swelling",)),
    ("burning pain after the peel", ("severe_pain",)),
    ("PUS!", ("infection_signal",)),
    ("ｐｕｓ coming out", ("infection_signal",)),
    ("p\u200bus everywhere", ("infection_signal",)),
    ("请看看pus怎么办", ("infection_signal",)),
    ("脸上疼得很厉害", ("severe_pain",)),
    ("无法忍受的剧痛", ("severe_pain",)),
    ("从没有过的剧痛", ("severe_pain",)),
    ("止不住出血", ("bleeding_ulcer",)),
    ("是不是发烧了", ("infection_signal",)),
    ("有没有可能是疑似感染", ("infection_signal",)),
    ("不是过敏，是感染了", ("infection_signal",)),
    ("没有用药，一直出血", ("bleeding_ulcer",)),
    ("没有好转还在流脓", ("infection_signal",)),
    ("眼皮肿了，没有发烧", ("eye_swelling",)),
    ("越来越严重", ("rapid_worsening",)),
]

FREE = [
    "No bleeding and no fever, mild dryness, recommend",
    "no bleeding or fever",
    "no pus, bleeding, or fever",
    "no pus, bleeding or any discharge",
    "no signs of infection",
    "without any discharge",
    "never had an infection",
    "I don't have fever, just dry skin",
    "she denies fever",
    "isnt bleeding",
    "没有出血和发烧",
    "没有发烧、化脓、出血",
    "没有发烧也没有出血，就是有点干",
    "没发烧",
    "无发热无渗液",
    "并无感染迹象，也未见出血",
    "不是化脓，就是普通痘痘",
    "hay fever every spring",
    "Recommend a moisturizer",
    "my skin feels tight and dry",
    "最近有点干，求推荐面霜",
    "the discharged battery",
    "a plush towel",
    "",
]


@pytest.mark.parametrize(("text", "flags"), BLOCKED)
def test_a_red_flag_is_raised(text, flags):
    assert redflags.check(text) == redflags.Boundary(True, flags)


@pytest.mark.parametrize("text", FREE)
def test_no_red_flag_is_raised(text):
    assert redflags.check(text) == redflags.Boundary(False, ())


SIGNS = st.sampled_from(["pus", "fever", "an infection", "bleeding", "化脓", "发烧", "出血"])
STOPS = st.sampled_from([". ", "; ", " but ", "! ", "，但是", "。", "\n", " however "])


@given(denied=SIGNS, stop=STOPS, affirmed=SIGNS)
def test_a_denial_never_reaches_beyond_its_clause(denied, stop, affirmed):
    assert redflags.check(f"no {denied}{stop}{affirmed}").blocked
    assert redflags.check(f"没有{denied}{stop}{affirmed}").blocked


@given(filler=st.text(alphabet="abc ,.没有不no\n", max_size=60), sign=SIGNS)
def test_an_affirmed_sign_in_its_own_sentence_is_never_hidden_by_what_stands_around_it(filler, sign):
    assert redflags.check(f"{filler}. I have {sign}. {filler}").blocked
    assert redflags.check(f"{filler}。出现{sign}。{filler}").blocked


@given(st.text(max_size=300))
def test_any_text_is_judged_without_an_error(text):
    redflags.check(text)
