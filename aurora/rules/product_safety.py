"""How far a verdict on a product may be given to one person (decision 19): what a chat and a form share."""

from __future__ import annotations

import msgspec

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.rules import safety
from aurora.rules.product_analysis import Analysis
from aurora.rules.product_reading import product_name

_MOST_CAUTIONS = 2


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """refusal: the product is out of the question, and nothing else is said of it. analysis: no kinder than
    the rules, its alternatives thinned. cautions: their reasons. question: a fact that is not known yet.
    """

    analysis: Analysis
    refusal: safety.Result | None = None
    cautions: list[str] = []
    question: safety.Result | None = None


def weigh(
    analysis: Analysis, *, spoken: str, profile: Profile | None, forbidden: tuple[str, ...], lang: Lang
) -> Weighed:
    """What the safety rules make of a verdict. spoken: the words it was asked with."""
    named = f"{product_name(analysis.product)}. {', '.join(analysis.key_ingredients)}."
    result = safety.check(f"{spoken}\n{named}", profile, lang)
    out = safety.outgoing_for([analysis.judged()], forbidden, lang)
    said = [one for one in (result, out.result) if one.block_level != "INFO"]
    refusal = next((one for one in said if one.blocks), None)
    if refusal is not None:
        return Weighed(analysis=analysis, refusal=refusal)
    cautions = list(dict.fromkeys(reason for one in said for reason in one.reasons))[:_MOST_CAUTIONS]
    if said:
        analysis = analysis.no_better_than_caution(cautions)
    question = next((one for one in said if one.asks and one.required_questions), None)
    kept = safety.outgoing_for(analysis.candidates, forbidden, lang).kept
    return Weighed(
        analysis=msgspec.structs.replace(analysis, candidates=kept), cautions=cautions, question=question
    )
