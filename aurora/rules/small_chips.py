"""Taps that need no upstream: a check-in, photos, irritation, a fresh start (contract B 4.2, 18)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

Pair = tuple[str, str]


class SmallChip(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as data. say: (EN, CN). chips: of the catalogue. next_state: a UI state it leads to."""

    say: Pair
    chips: tuple[str, ...] = ()
    next_state: str | None = None


_CHECK_IN = SmallChip(
    say=(
        (
            "Good idea to look back. Give a new product about a week, then rate redness, breakouts and "
            "hydration in the daily check-in, which is on the start page too. Has anything stung so far?"
        ),
        (
            "回头看看是个好习惯。新产品先用一周左右，再到每日打卡里记录泛红、痘痘和水润度，首页也能进。"
            "这几天有刺痛吗？"
        ),
    ),
    chips=("chip_checkin_now",),
    next_state="CHECKIN_PROMPT",
)
_PHOTOS = SmallChip(
    say=(
        (
            "Two photos help most: one in daylight, one under indoor white light, bare skin and no filter. "
            "You can also start with a baseline without photos (lower confidence)."
        ),
        "两张照片最有用：一张自然光，一张室内白光，素颜、不开滤镜。也可以不拍照，先做基础评估。",
    ),
    chips=("chip.intake.upload_photos", "chip.intake.skip_analysis"),
)
_IRRITATED = SmallChip(
    say=(
        (
            "Let's calm it. Stop acids, retinoids, vitamin C and scrubs; wash with lukewarm water, use a "
            "plain moisturizer and sunscreen, nothing else for a few days. If it swells, oozes, spreads or "
            "you feel unwell, see a doctor today. When did it start?"
        ),
        (
            "先让皮肤安静下来：停掉酸类、维A类、维C和磨砂，用温水洗脸，只留基础保湿和防晒，其他先停几天。"
            "如果肿胀、渗液、扩散，或者人不舒服，请当天就医。是从什么时候开始的？"
        ),
    ),
    next_state="SAFETY_TRIAGE",
)
_FRESH_START = SmallChip(
    say=(
        (
            "Three things are enough to start: a gentle cleanser at night, plain moisturizer morning and "
            "night, sunscreen SPF 30 or more by day. Keep to that for two weeks, then add one at a time."
        ),
        "刚开始三样就够：晚上温和洁面，早晚基础保湿，白天涂SPF30以上的防晒。先坚持两周，再一样一样慢慢加。",
    ),
    chips=("chip.start.ingredients",),
    next_state="MINIMAL_PLAN",
)
_LEFT_OPEN = SmallChip(
    say=(
        "No problem, we leave that open and I'll stay on the gentle side. What would you like to know?",
        "没关系，这个先空着，我会往温和的方向说。你想先了解什么？",
    ),
)
_JUST_CHAT = SmallChip(
    say=(
        "Of course. Ask me anything about your skin, a product or an ingredient.",
        "当然可以。皮肤、产品、成分，想问什么都行。",
    ),
    next_state="IDLE_CHAT",
)

# By action id, aliases resolved (`rules.request`).
ANSWERS: dict[str, SmallChip] = {
    "checkin_prompt": _CHECK_IN,
    "chip_checkin_now": _CHECK_IN,
    "photo_confirm": _PHOTOS,
    "chip.intake.upload_photos": _PHOTOS,
    "chip_sensitive_help": _IRRITATED,
    "chip_from_scratch": _FRESH_START,
    "chip_no_products": _FRESH_START,
    "profile.skip": _LEFT_OPEN,
    "chip_keep_chatting": _JUST_CHAT,
}

# What to do next, by what was shown; the client hides chips beside a summary, a profile or a gate (F 3).
FOLLOW_UPS: dict[str, tuple[str, ...]] = {"recommendations": ("tpl.action.checkin",)}


def follow_ups(kinds: Iterable[str]) -> list[str]:
    """Chips to offer beside cards of these types."""
    return [name for kind in kinds for name in FOLLOW_UPS.get(kind, ())]
