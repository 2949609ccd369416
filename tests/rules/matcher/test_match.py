"""The matcher as a table and as laws (contract D 5.9, D 13 defects 16 and 19)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contract.cards import RecommendationItem
from aurora.contract.memory import Profile
from aurora.rules.analysis.ingredients import TABLE
from aurora.rules.matcher import items, score
from aurora.rules.matcher.catalogue import Catalogue, Product
from aurora.rules.matcher.match import ROWS, excluded, match, shortlist
from aurora.rules.matcher.score import Wanted, band_of, region_of, wanted_of
from aurora.rules.matcher.shelf import narrowed, placed
from aurora.rules.matcher.slots import SLOTS, entry_of
from aurora.rules.safety.outgoing import forbidden_for
from aurora.rules.treatment import is_treatment_like
from tests.rules.matcher.shelf import SEED, plan, product

PLAN = plan(("sunscreen_filters", 95), ("ceramide_np", 80), ("niacinamide", 60), ("salicylic_acid", 50))
STEADY = Profile(skinType="oily", sensitivity="low", barrierStatus="healthy", budgetTier="¥500", region="CN")
ENTRIES = [entry_of(row) for row in SEED.products]


@pytest.mark.parametrize(
    ("row", "slot", "strong"),
    [
        (product("A", "sunscreen_filters"), "sunscreen", False),
        (product("A", tags=["uv"]), "sunscreen", False),
        (product("A", "sunscreen_filters", "retinol"), "sunscreen", True),
        (product("A", "azelaic_acid"), "treatment", False),
        (product("A", tags=["acid"]), "treatment", True),
        (product("A", "retinol", slot="moisturizer"), "treatment", True),
        (product("A", "salicylic_acid", slot="cleanser"), "cleanser", True),
        (product("A", "cleanser_surfactants"), "cleanser", False),
        (product("A", "panthenol"), "moisturizer", False),
        (product("A", tags=["repair"]), "moisturizer", False),
        (product("A", "panthenol", slot="toner"), "toner", False),
        (product("A", "niacinamide"), "optional", False),
        (product("A"), "optional", False),
        (product("Retinol Night Oil", slot="moisturizer"), "moisturizer", True),
        (product("A", name_zh="水杨酸棉片", slot="toner"), "toner", True),
    ],
)
def test_slot_and_strength(row: Product, slot: str, strong: bool) -> None:
    entry = entry_of(row)
    assert (entry.slot, entry.strong) == (slot, strong)


@pytest.mark.parametrize(
    ("tier", "band"),
    [
        ("¥200", "low"), ("￥200", "low"), ("¥500", "mid"), ("¥1000+", "high"), ("不确定", ""), (None, ""),
        ("low", "low"), ("Budget", "low"), ("entry", "low"), ("medium", "mid"), ("premium", "high"),
        ("lux", "high"), ("¥ 500", "mid"), ("whatever", ""),
    ],
)  # fmt: skip
def test_d13_16_budget_tiers_mean_what_they_say(tier: str | None, band: str) -> None:
    assert band_of(tier) == band


@pytest.mark.parametrize(
    ("region", "code"),
    [("cn", "CN"), ("China", "CN"), ("美国", "US"), (None, ""), ("JP", "JP"), ("gb", "UK")],
)
def test_regions(region: str | None, code: str) -> None:
    assert region_of(region) == code


def wanted(profile: Profile = STEADY, *, gentle: bool = False, of: dict[str, Any] = PLAN) -> Wanted:
    return wanted_of(of, profile, gentle=gentle)


@pytest.mark.parametrize(
    ("row", "profile", "expected"),
    [
        # 100 x (0.45 x 80/285 + 0.15 x 0.65 + 0.15 x 0.65 + 0.10 x 1 + 0.10 x 1)
        (product("A", "ceramide_np", price_band="mid", market_scope=("CN",)), STEADY, 52),
        # skin 0.9 for oily and lightweight; budget other 0.45; not sold there 0.3
        (product("A", tags=["lightweight"], price_band="low", market_scope=("US",)), STEADY, 31),
        # nothing known of the product: budget 0.65, availability 0.7
        (product("A", slot="cleanser"), STEADY, 33),
        # fragile and repair 0.95, dry and repair 0.9
        (
            product("A", "ceramide_np", tags=["repair"]),
            Profile(skinType="dry", barrierStatus="impaired"),
            54,
        ),
        # fragile and neither: 0.6
        (product("A", slot="cleanser"), Profile(sensitivity="high"), 32),
        # not fragile, treatment 0.82
        (product("A", "azelaic_acid", "niacinamide"), STEADY, 45),
    ],
)
def test_scores_add_up_as_the_table_says(row: Product, profile: Profile, expected: int) -> None:
    assert score.score(entry_of(row), wanted(profile)) == expected


def test_cautions_cost_a_little_and_at_most_a_third_of_their_weight() -> None:
    names = [known.id for known in TABLE][:6]
    row = product("A", *names, slot="cleanser")
    prices = [
        score.score(entry_of(row), wanted(of=plan(avoid=tuple((name, "caution") for name in names[:many]))))
        for many in (0, 1, 3, 6)
    ]
    assert prices == [33, 32, 31, 31]


@pytest.mark.parametrize(
    ("row", "how", "out"),
    [
        (product("A", "niacinamide"), {"avoid": (("niacinamide", "avoid"),)}, True),
        (product("A", "niacinamide"), {"avoid": (("niacinamide", "caution"),)}, False),
        (product("Niacinamide Rain", slot="toner"), {"avoid": (("niacinamide", "avoid"),)}, True),
        (product("A", name_zh="烟酰胺水", slot="toner"), {"avoid": (("niacinamide", "avoid"),)}, True),
        (product("A", "salicylic_acid"), {}, False),
        (product("A", "salicylic_acid"), {"gentle": True}, True),
        (product("A", "salicylic_acid"), {"fragile": True}, True),
        (product("A", "salicylic_acid", slot="cleanser"), {"gentle": True}, True),
        (product("A", "azelaic_acid", "niacinamide"), {"fragile": True}, False),
        (product("A", "azelaic_acid", "niacinamide"), {"gentle": True}, True),
        (product("A", "retinol"), {}, True),  # serves nothing of this plan
        (product("Soft Peel Cream", slot="moisturizer"), {"gentle": True}, True),
        (product("Soft Peel Cream", slot="moisturizer"), {}, False),
    ],
)
def test_exclusions(row: Product, how: dict[str, Any], out: bool) -> None:
    asked = msgspec.structs.replace(wanted(), **how)
    assert excluded(entry_of(row), asked) is out


def test_what_was_said_since_the_plan_was_made_is_avoided_too() -> None:
    asked = wanted(Profile(contraindications=["allergic to niacinamide", "对神经酰胺过敏"]))
    assert {name for name, severity in asked.avoid if severity == "avoid"} == {"niacinamide", "ceramide_np"}


def chosen(asked: Wanted, lang: Any = "EN") -> list[dict[str, Any]]:
    rows = [row.said_in(lang) for row in shortlist(ENTRIES, asked)]
    return items.items(match(rows, asked, plan_score=0.8), asked, lang)


def test_the_card_has_morning_and_evening_in_order_and_nothing_twice() -> None:
    found = chosen(wanted())
    assert [(item["slot"], item["routine_slot"]) for item in found] == list(ROWS)
    assert len({item["product_id"] for item in found}) == len(found) == 6


def test_a_gentle_set_has_no_treatment_and_reads_gentle() -> None:
    for lang in ("EN", "CN"):
        found = chosen(wanted(gentle=True), lang)
        assert [item["routine_slot"] for item in found] == [slot for _, slot in ROWS if slot != "treatment"]
        assert not any(is_treatment_like(item) for item in found)


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_an_item_says_why_and_how(lang: Any) -> None:
    for item in chosen(wanted(), lang):
        msgspec.convert(msgspec.json.decode(msgspec.json.encode(item)), RecommendationItem, strict=True)
        assert 1 <= len(item["reasons"]) <= 6
        assert item["notes"] == item["reasons"][:3]
        assert item["language"] == lang
        assert item["pdp_open"]["path"] == "external"
        chinese = any(
            "一" <= sign <= "鿿" for sign in "".join([*item["reasons"], item["step"], item["name"]])
        )
        assert chinese is (lang == "CN")
        for hit in item["matched_ingredients"]:
            assert hit["ingredient_id"] in item["ingredients"]
            assert 0 < hit["contribution"] <= 1
    assert {item["sku"]["category"] for item in chosen(wanted())} == {slot for _, slot in ROWS}


def test_a_product_that_serves_nothing_of_the_plan_does_not_claim_to() -> None:
    (item,) = items.items(match([product("A", slot="cleanser")], wanted(), plan_score=None), wanted(), "EN")
    assert item["matched_ingredients"] == []
    assert not any("plan" in reason for reason in item["reasons"])


def test_d13_19_the_bundle_claims_no_evidence() -> None:
    asked = wanted()
    matched = match(shortlist(ENTRIES, asked), asked, plan_score=0.8)
    rest = items.rest(
        matched, asked, "EN", bundle_id="rb_1", created_at="t", artifact_id="da_1", plan=PLAN,
        catalogue={"digest": "d", "seed": True},
    )  # fmt: skip
    assert rest["evidence"]["confidence"] is None
    assert (rest["missing_info"], rest["warnings"]) == ([], [])
    assert list(rest["products_by_slot"]) == list(SLOTS)
    assert rest["ingredient_plan_id"] == "ip_1"
    assert rest["confidence"] == matched.sure.node()


def test_how_sure_a_set_is() -> None:
    nothing = match([], wanted(), plan_score=None)
    # 0.7 x 0.45 + 0.3 x 0.62
    assert (nothing.sure.score, nothing.sure.level) == (0.501, "low")
    assert nothing.sure.rationale == ("limited_candidates", "avg_slot_score_45", "plan_confidence_62")
    assert nothing.rows == []
    full = match(SEED.products, wanted(), plan_score=0.9)
    assert full.sure.rationale[0] == "slot_candidates_available"


def test_what_is_forbidden_to_a_person_does_not_crowd_out_what_is_not() -> None:
    many = [product(f"Retinol {n}", "retinol", "niacinamide", id=f"a{n}") for n in range(9)]
    plain = product("Azelaic 10", "azelaic_acid", id="z")
    shelf = placed(Catalogue(products=(*many, plain), seed=False, digest=""))
    asked = wanted(of=plan(("retinol", 90), ("azelaic_acid", 30)))
    pregnant = forbidden_for(msgspec.structs.replace(STEADY, pregnancy_status="pregnant"))
    assert len(narrowed(shelf, asked, ())) == asked.per_slot
    assert [row.product_id for row in narrowed(shelf, asked, pregnant)] == ["z"]


# --- laws

NAMES = [known.id for known in TABLE]
PRODUCTS = st.builds(
    lambda number, made, tags, slot, band: Product(
        product_id=f"p{number}", name=f"N{number}", ingredient_ids=tuple(made), risk_tags=tuple(tags),
        slot=slot, price_band=band,
    ),
    st.integers(0, 30),
    st.lists(st.sampled_from([*NAMES, "squalane"]), max_size=4, unique=True),
    st.lists(st.sampled_from(["acid", "retinoid", "repair", "lightweight", "uv", "strong"]), max_size=3),
    st.sampled_from([None, *SLOTS]),
    st.sampled_from([None, "low", "mid", "high"]),
)  # fmt: skip
SHELVES = st.lists(PRODUCTS, max_size=25, unique_by=lambda row: row.product_id)
WANTED = st.builds(
    Wanted,
    targets=st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(0, 100)), max_size=8, unique_by=lambda t: t[0]
    ).map(tuple),
    avoid=st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["avoid", "caution"])),
        max_size=6,
        unique_by=lambda t: t[0],
    ).map(tuple),
    skin_type=st.sampled_from(["", "oily", "dry"]),
    fragile=st.booleans(),
    band=st.sampled_from(["", "low", "mid", "high"]),
    gentle=st.booleans(),
    per_slot=st.integers(1, 8),
)


@settings(max_examples=150, deadline=None)
@given(SHELVES, WANTED)
def test_laws_of_every_choice(shelf: list[Product], asked: Wanted) -> None:
    entries = [entry_of(row) for row in shelf]
    short = shortlist(entries, asked)
    matched = match(short, asked, plan_score=0.7)
    everything = match(shelf, asked, plan_score=0.7)
    # The shortlist decides nothing: what a trace keeps of the catalogue leads to the same set.
    assert matched == everything
    assert match(list(reversed(shelf)), asked, plan_score=0.7) == everything
    ids = [c.entry.product.product_id for _, c in matched.rows]
    assert len(ids) == len(set(ids)) <= len(ROWS)
    forbidden = {name for name, severity in asked.avoid if severity == "avoid"}
    for slot, found in matched.by_slot.items():
        assert len(found) <= asked.per_slot
        ranks = [(-c.score, c.entry.product.product_id) for c in found]
        assert ranks == sorted(ranks)
        for candidate in found:
            assert candidate.entry.slot == slot
            assert 0 <= candidate.score <= 95
            assert forbidden.isdisjoint(candidate.entry.product.ingredient_ids)
            assert not ((asked.gentle or asked.fragile) and candidate.entry.strong)
    assert 0 <= matched.sure.score <= 1
    for item in items.items(matched, asked, "CN"):
        assert not (asked.gentle and is_treatment_like(item))


@given(WANTED)
def test_more_of_the_plan_never_scores_less(asked: Wanted) -> None:
    plain = msgspec.structs.replace(asked, avoid=())
    some = score.score(entry_of(product("A", "niacinamide", slot="optional")), plain)
    more = score.score(entry_of(product("A", "niacinamide", "zinc_pca", slot="optional")), plain)
    assert more >= some
