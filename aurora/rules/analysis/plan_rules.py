"""The table behind an ingredient plan (contract C 21): what each fact asks for, and what it rules out."""

from __future__ import annotations

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """What one fact about a person adds to the plan.

    when: any of these tokens. targets: (ingredient, base priority, hero, least score). avoid: (ingredient,
    severity). reason: key of `ingredients.REASONS` for what it avoids.
    """

    when: frozenset[str]
    targets: tuple[tuple[str, int, bool, float], ...]
    avoid: tuple[tuple[str, str], ...] = ()
    intensity: str | None = None
    reason: str = "barrier"


_H, _S = True, False

# `when`: one of these tokens: kinds of concern or goal, skin_*, barrier_*, sensitivity_*, stings, always.
RULES: tuple[Rule, ...] = (
    Rule(
        frozenset({"barrier_fragile"}),
        (("ceramide_np", 92, _H, 0), ("panthenol", 86, _H, 0), ("glycerin", 72, _S, 0)),
        (("retinol", "caution"), ("salicylic_acid", "caution")),
        "gentle",
        "barrier",
    ),
    Rule(
        frozenset({"sensitivity_high"}),
        (("panthenol", 80, _H, 0),),
        (("retinol", "avoid"), ("benzoyl_peroxide", "caution"), ("ascorbic_acid", "caution")),
        "gentle",
        "sensitivity",
    ),
    Rule(
        frozenset({"sensitivity_medium"}),
        (("niacinamide", 66, _S, 0),),
        (("ascorbic_acid", "caution"),),
        None,
        "sensitivity",
    ),
    Rule(
        frozenset({"breakouts"}),
        (
            ("salicylic_acid", 78, _H, 0),
            ("niacinamide", 70, _S, 0),
            ("zinc_pca", 67, _S, 0),
            ("azelaic_acid", 64, _S, 0.65),
            ("benzoyl_peroxide", 60, _S, 0.70),
        ),
        (),
        "active",
    ),
    Rule(
        frozenset({"redness"}),
        (("panthenol", 84, _H, 0), ("ceramide_np", 76, _S, 0)),
        (("retinol", "caution"), ("salicylic_acid", "caution")),
        "gentle",
        "redness",
    ),
    Rule(
        frozenset({"pores"}),
        (("salicylic_acid", 73, _H, 0), ("niacinamide", 64, _S, 0), ("retinol", 58, _S, 0.70)),
        (),
        "active",
    ),
    Rule(
        frozenset({"tone"}),
        (
            ("sunscreen_filters", 95, _H, 0),
            ("ascorbic_acid", 71, _H, 0),
            ("niacinamide", 69, _S, 0),
            ("azelaic_acid", 62, _S, 0.70),
        ),
    ),
    Rule(
        frozenset({"dehydration"}),
        (("hyaluronic_acid", 74, _H, 0), ("ceramide_np", 72, _S, 0), ("glycerin", 68, _S, 0)),
        (),
        "gentle",
    ),
    # Somebody who only wants more moisture is not fragile: the same ingredients, no brake on the rest.
    Rule(
        frozenset({"hydration"}),
        (("hyaluronic_acid", 74, _H, 0), ("ceramide_np", 72, _S, 0), ("glycerin", 68, _S, 0)),
    ),
    Rule(
        frozenset({"firmness"}),
        (("sunscreen_filters", 95, _H, 0), ("niacinamide", 62, _S, 0), ("retinol", 70, _H, 0.65)),
    ),
    Rule(frozenset({"skin_oily"}), (("niacinamide", 60, _S, 0), ("zinc_pca", 55, _S, 0))),
    Rule(frozenset({"skin_dry"}), (("ceramide_np", 74, _H, 0), ("hyaluronic_acid", 66, _S, 0))),
    Rule(frozenset({"barrier"}), (("ceramide_np", 70, _S, 0),)),
    # A strong active on skin that stings now is no plan.
    Rule(
        frozenset({"stings"}),
        (("panthenol", 80, _H, 0),),
        (
            ("retinol", "avoid"),
            ("salicylic_acid", "avoid"),
            ("benzoyl_peroxide", "avoid"),
            ("ascorbic_acid", "caution"),
        ),
        "gentle",
        "sting",
    ),
    Rule(frozenset({"always"}), (("sunscreen_filters", 96, _H, 0),)),
)

LOW_TARGETS = (("sunscreen_filters", 95), ("ceramide_np", 90), ("panthenol", 86))
LOW_AVOID = ("retinol", "salicylic_acid", "benzoyl_peroxide")

# A concern seen by the detector counts like the goal that means it.
CONCERN_KINDS = {
    "acne": "breakouts",
    "breakout": "breakouts",
    "blemish": "breakouts",
    "redness": "redness",
    "irritation": "redness",
    "reactive": "redness",
    "texture": "pores",
    "pores": "pores",
    "roughness": "pores",
    "shine": "pores",
    "tone": "tone",
    "dark_spots": "tone",
    "hyperpigmentation": "tone",
    "dullness": "tone",
    "dehydration": "dehydration",
    "dryness": "dehydration",
    "tightness": "dehydration",
    "wrinkles": "firmness",
    "anti_aging": "firmness",
    "firmness": "firmness",
    "fine_lines": "firmness",
}
