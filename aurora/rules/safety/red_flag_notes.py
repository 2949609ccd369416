"""For the reviewer: what each red flag of `rules.redflags` means, and sentences that it is held to."""

from __future__ import annotations

import msgspec


class Note(msgspec.Struct, frozen=True):
    """title and rationale of a flag; sentences that raise it, and sentences that do not."""

    flag: str
    title: str
    rationale: str
    raises: tuple[str, ...]
    silent: tuple[str, ...]


NOTES: tuple[Note, ...] = (
    Note(
        "severe_pain",
        "Severe pain",
        "Pain out of proportion to what is seen may be a deep infection, shingles or a chemical burn.",
        ("There is severe pain in my cheek", "burning pain after the peel", "脸上剧痛", "额头疼得厉害"),
        ("There is no severe pain, only tightness", "没有剧痛，只是紧绷", "荷包剧痛，求平替"),
    ),
    Note(
        "infection_signal",
        "Signs of infection",
        "Pus, oozing or fever need a doctor; occlusive or active products can make an infection worse.",
        ("There's pus coming out", "no bleeding but fever", "痘痘化脓了", "没有出血，但是化脓了"),
        ("I don't have a fever", "hay fever", "I had an infection two years ago", "没有发烧、化脓", "发烧友"),
    ),
    Note(
        "rapid_worsening",
        "Getting worse fast",
        "A rash that spreads within hours or days may be an allergy or an infection in progress.",
        ("The rash is rapidly spreading", "getting worse quickly", "红疹突然扩散", "湿疹越来越严重"),
        ("It's not getting worse quickly", "没有越来越严重", "我的拖延症越来越严重"),
    ),
    Note(
        "bleeding_ulcer",
        "Bleeding, ulcer, open wound",
        "Broken skin takes up more than it should, and a sore that does not close must be looked at.",
        ("The spot is cracked and bleeding", "ulcers on my lip", "脸颊出血", "嘴角破溃"),
        ("No open sores", "bleeding edge", "My lipstick keeps bleeding", "没流血", "出血价"),
    ),
    Note(
        "eye_swelling",
        "Swelling around the eyes",
        "Swelling at the eyes may be an allergic reaction or an infection of the socket.",
        ("My eyelids are swollen", "swelling around my left eye", "眼皮肿了", "眼周肿"),
        ("No swollen eyelids", "眼周没有肿，就是黑眼圈"),
    ),
    Note(
        "airway_swelling",
        "Swelling of face, lips or throat, trouble breathing",
        "An allergic reaction that reaches the airway is an emergency. Ours, beyond the contract's list.",
        (
            "My face is swelling and I cannot breathe",
            "My lips are swollen after the serum",
            "脸肿了，呼吸困难",
            "用完面膜嘴唇肿了",
        ),
        ("No trouble breathing", "My skin can't breathe under foundation", "没有呼吸困难", "早上脸有点浮肿"),
    ),
)
