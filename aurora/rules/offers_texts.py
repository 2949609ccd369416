"""What is said beside resolved offers."""

from __future__ import annotations

from aurora.contract.envelope import Lang


def said(fresh: int, total: int, lang: Lang) -> str:
    """fresh: items of `total` (at least one) whose shop page was read just now."""
    if lang == "CN":
        if fresh == total:
            return "商品页已经核对过，下面是最新信息。"
        if fresh == 0:
            return "暂时没能核对商品页，先按原来的信息显示。价格以商品页为准。"
        return f"{total} 个商品页核对了 {fresh} 个，其余先按原来的信息显示。价格以商品页为准。"
    if fresh == total:
        return "I've checked the shop. This is what it says now."
    if fresh == 0:
        return "I couldn't check the shop just now, so all is as you had it. Go by the shop's own price."
    return (
        f"I could check {fresh} of {total} shop pages. The others are as you had them, so go by the shop's "
        "own price there."
    )
