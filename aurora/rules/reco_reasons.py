"""Why this, for you: reasons from facts in hand, added where the source gave none of that kind (D 5.6).

Each line is a true statement about the person, never a claim about the product.
"""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile, SkinLog
from aurora.rules.goals import goal_name
from aurora.rules.text import anywhere, fold, hit, words
from aurora.rules.treatment import mentions_treatment

MAX_REASONS = 6
_LINE_CAP = 300
_PLAN_CAP = 160

_LEVELS = {"low": ("low", "低"), "medium": ("medium", "中等"), "high": ("high", "偏高")}
_BARRIERS = {"healthy": ("stable", "比较稳定"), "impaired": ("in need of care", "需要多照顾")}

# Does a source's own reason already cover the kind?
_ABOUT_GOAL = (words("goals?"), anywhere("目标", "诉求"))
_ABOUT_BARRIER = (words("barrier", "tolerance", "sensitivity"), anywhere("屏障", "耐受", "敏感"))
_ABOUT_WEEK = (
    words("last 7d", "last 7 days", "check-?ins?", "check in"),
    anywhere("打卡", "近7天", "近 7 天"),
)
_ABOUT_PLAN = (
    words("upcoming plan", "itinerary", "travel", "trip", "flights?", "outdoor", "ski"),
    anywhere("行程", "计划", "旅行", "出差", "户外", "飞行", "滑雪"),
)


def local_reasons(
    given: Sequence[str], *, profile: Profile | None, week: Sequence[SkinLog], lang: Lang
) -> list[str]:
    """`given`, and one line of our own for each kind it lacks; at most six. week: logs of the last 7 days."""
    said = fold("\n".join(given))
    known = profile or Profile()
    cn = lang == "CN"
    own: list[str] = []
    if not hit(said, *_ABOUT_GOAL):
        own.append(_goal_line(known, cn))
    if not hit(said, *_ABOUT_BARRIER):
        own.append(_barrier_line(known, cn))
    if week and not hit(said, *_ABOUT_WEEK):
        own.append(_week_line(week[0], cn))
    if not hit(said, *_ABOUT_PLAN):
        own.append(_plan_line(known, cn))
    # A line that named something strong would take a gentle product down with it (contract B 8.5).
    own = [line for line in own if line and not mentions_treatment(line)]
    return [*[line[:_LINE_CAP] for line in given][: MAX_REASONS - len(own)], *own]


def goal_words(profile: Profile | None, lang: Lang) -> str:
    """The goals in words, at most three; "" if none is known."""
    known = [goal for goal in (profile.goals if profile else []) if goal != "unknown"]
    named = list(dict.fromkeys(goal_name(goal, lang) for goal in known))[:3]
    if lang == "CN":
        return "、".join(named)
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))


def _goal_line(profile: Profile, cn: bool) -> str:
    named = goal_words(profile, "CN" if cn else "EN")
    if not named:
        return ""
    return f"贴合目标：你想改善{named}。" if cn else f"Goal fit: you want to work on {named}."


def _barrier_line(profile: Profile, cn: bool) -> str:
    level = _LEVELS.get(profile.sensitivity or "")
    barrier = _BARRIERS.get(profile.barrierStatus or "")
    if level is None and barrier is None:
        return ""
    if cn:
        parts = [f"敏感度{level[1]}" if level else "", f"屏障{barrier[1]}" if barrier else ""]
        return f"屏障与耐受：你的{'，'.join(part for part in parts if part)}，先在耳后试用。"
    parts = [
        f"your sensitivity is {level[0]}" if level else "",
        f"your barrier is {barrier[0]}" if barrier else "",
    ]
    return f"Barrier and tolerance: {' and '.join(part for part in parts if part)}, so patch-test first."


def _week_line(log: SkinLog, cn: bool) -> str:
    # Hydration is repeated as a number only (decision 22).
    scores = [
        (("redness", "泛红"), log.redness),
        (("acne", "痘痘"), log.acne),
        (("hydration", "水润"), log.hydration),
    ]
    named = [f"{name[cn]} {score}/5" for name, score in scores if score is not None]
    if not named:
        return ""
    return f"近7天打卡：{'，'.join(named)}。" if cn else f"Last 7d check-in: {', '.join(named)}."


def _plan_line(profile: Profile, cn: bool) -> str:
    plan = profile.itinerary
    if not isinstance(plan, str) or not plan.strip():
        return ""
    text = " ".join(plan.split())[:_PLAN_CAP]
    return f"近期计划：{text}" if cn else f"Upcoming plan: {text}"
