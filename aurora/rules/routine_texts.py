"""What the chat says about a whole routine and about what it may cost, in both languages.

Pinned fragments: 预算 while the budget is not known, "routine" once it is (contract B 17.6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora.contract.envelope import Lang
from aurora.rules.budget_question import NO_LIMIT

MAX_NAMED = 8
_SLOTS = (("am", "Morning", "早上"), ("pm", "Night", "晚上"), ("other", "Any time", "其他"))


def _pick(lang: Lang, en: str, cn: str) -> str:
    return cn if lang == "CN" else en


def routine(
    items: Sequence[Mapping[str, Any]],
    lang: Lang,
    *,
    goals: str,
    budget: str | None,
    gentle: bool,
    name_them: bool,
) -> str:
    """A routine is there.

    goals: in words, "" if unknown. budget: the tier, None while it is not known. gentle: strong steps are
    held back. name_them: the client will not draw the card in its present state (decision 13).
    """
    lines = [_lead(lang, goals, budget)]
    if gentle:
        lines.append(
            _pick(
                lang,
                "I know too little for strong actives yet, so these are gentle basics; new photos would "
                "let me be more precise.",
                "目前把握有限，先只放温和的基础步骤，不加强效成分；重新拍照可以排得更准。",
            )
        )
    if name_them:
        lines.append("\n".join(_named(items, lang)))
    lines.append(
        _pick(
            lang,
            "Add one new product at a time, and stop if it stings. Which step would you change?",
            "一次只加一款新品，刺痛就先停用。想调整哪一步？",
        )
    )
    return "\n\n".join(lines)


def late(lang: Lang) -> str:
    """No routine came in time."""
    return _pick(
        lang,
        "I couldn't build your routine in time, and I'd rather show none than guess. Please try again in a "
        "moment, or add photos or what you use now.",
        "这次没能及时排好护肤方案，与其凑一套，我先不给。请稍后再试，或补充照片、现在在用的产品。",
    )


def ask_budget(lang: Lang) -> str:
    """The optional question."""
    return _pick(
        lang,
        'What monthly budget should the routine fit? It\'s optional: with "Not sure" I go by what '
        "works and what your skin tolerates.",
        "这套护肤每月的预算大概是多少？不填也可以：选“不确定”，我就只按效果和耐受来排。",
    )


def budget_noted(lang: Lang, budget: str | None) -> str:
    """A budget was said where nothing may be recommended yet; or the question came from an older answer.

    budget: what is known of it now. The client hides chips beside a profile card: the words lead on.
    """
    if budget is None:
        return _pick(
            lang,
            "Ask for picks or for a routine first; then I can fit it to your budget.",
            "可以先点产品推荐或早晚护肤方案，再按预算来调整。",
        )
    said = _said(budget, lang)
    return _pick(
        lang,
        f"Noted, {said}. Ask for picks or for a routine, and I'll keep to it.",
        f"记下了，{said}。接下来可以点产品推荐或早晚护肤方案，我会按这个来。",
    )


def _lead(lang: Lang, goals: str, budget: str | None) -> str:
    for_what = _pick(lang, f" for {goals}" if goals else "", f"围绕{goals}，" if goals else "")
    if budget is None:
        return _pick(
            lang,
            f"Here is your AM/PM routine{for_what}, chosen by what works and what your skin tolerates. "
            "Tell me your budget and I'll fit it to that.",
            f"{for_what}先按效果和耐受排了一套早晚护肤 routine。告诉我预算，还可以按预算再优化。",
        )
    if budget == NO_LIMIT:
        return _pick(
            lang,
            f"Here is your AM/PM routine{for_what}, chosen by what works and what your skin tolerates.",
            f"{for_what}按效果和耐受给你排了一套早晚护肤 routine。",
        )
    return _pick(
        lang,
        f"Here is your AM/PM routine{for_what}, with {_said(budget, lang)} in mind.",
        f"{for_what}按{_said(budget, lang)}给你排了一套早晚护肤 routine。",
    )


def _said(budget: str, lang: Lang) -> str:
    if budget == NO_LIMIT:
        return _pick(lang, "no fixed budget", "预算不限")
    return _pick(lang, f"a budget of {budget[:40]}", f"{budget[:40]} 的预算")


def _named(items: Sequence[Mapping[str, Any]], lang: Lang) -> list[str]:
    lines: list[str] = []
    left = MAX_NAMED
    for slot, en, cn in _SLOTS:
        mine = [item for item in items if item["slot"] == slot][:left]
        left -= len(mine)
        if mine:
            steps = _pick(lang, "; ", "；").join(_step(item, lang) for item in mine)
            lines.append(_pick(lang, f"- {en}: {steps}", f"- {cn}：{steps}"))
    return lines


def _step(item: Mapping[str, Any], lang: Lang) -> str:
    sku = item["sku"]
    brand, name = sku["brand"], sku["display_name"]
    title = name if not brand or name.lower().startswith(brand.lower()) else f"{brand} {name}"
    return _pick(lang, f"{title[:60]} ({item['step'][:30]})", f"{title[:60]}（{item['step'][:30]}）")
