"""The resume block, and how a resumed request was answered."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.contract.memory import Profile
from aurora.rules import resume
from aurora.rules.clarification import Question
from aurora.rules.pending import Answered, Pending

PROFILE = Profile(
    skinType="oily",
    sensitivity="unknown",
    barrierStatus="healthy",
    goals=["acne", "pores", "redness", "dark_spots", "wrinkles", "x" * 99],
    budgetTier="不确定",
)
QUESTION = Question(id="sleep", norm_id="sleep", question="Sleep?", options=("a",))


def flow(*answers: tuple[str, str], text: str = "What should I use?") -> Pending:
    history = tuple(Answered(question_id=q, norm_id=q, option=o, ts_ms=1) for q, o in answers)
    return Pending(flow_id="pc_1", created_at_ms=1, resume_user_text=text, current=None, history=history)


def test_the_short_block() -> None:
    told = resume.block(flow(("skin_type", "Oily"), ("goals", "Not sure")), PROFILE, 1)
    assert told.splitlines() == [
        "[RESUME CONTEXT]",
        "Flow: pc_1",
        'Original request: "What should I use?"',
        "Answers so far:",
        "- skin_type: Oily",
        "- goals: Not sure",
        "Answer the original request now. Do not ask again for what is answered above.",
        "",
    ]


def test_the_authoritative_block_names_what_is_known_but_not_what_is_unsure() -> None:
    told = resume.block(flow(("skin_type", "Oily")), PROFILE, 2)
    assert told.startswith("[RESUME CONTEXT - AUTHORITATIVE]\n")
    assert "- skinType: oily\n" in told
    assert "- barrierStatus: healthy\n" in told
    assert "- goals: acne, pores, redness, dark_spots, wrinkles\n" in told
    assert "sensitivity" not in told
    assert "budgetTier" not in told
    assert "at most one new question" in told
    assert told.endswith("\n\n")


def test_no_block_and_nothing_known() -> None:
    assert resume.block(flow(), PROFILE, 0) == ""
    assert "- nothing else" in resume.block(flow(), None, 2)


@given(st.text(max_size=2000), st.text(min_size=1, max_size=200), st.sampled_from([1, 2]))
def test_nothing_typed_gets_a_line_of_its_own(text: str, option: str, version: resume.Version) -> None:
    told = resume.block(flow(("q", option), text=text), None, version)
    plain = resume.block(flow(("q", "x"), text="y"), None, version)
    assert told.count("\n") == plain.count("\n")
    (request,) = [line for line in told.split("\n") if line.startswith("Original request: ")]
    assert request.count('"') == 2
    assert len(request) <= len('Original request: ""') + 300


def test_the_history_of_the_meta_line_is_short() -> None:
    told = resume.history_meta(flow(*((f"q{n}", "o" * 99) for n in range(6))).history)
    assert [entry["question_id"] for entry in told] == ["q1", "q2", "q3", "q4", "q5"]
    assert all(len(entry["option"]) == 60 for entry in told)
    assert msgspec.json.encode(told)


@pytest.mark.parametrize(
    ("answer", "questions", "mode", "again"),
    [
        ("Start with a cleanser.", (), "answer", ()),
        ("", (), "answer", ()),
        (None, (), "answer", ()),
        ("What is your skin type?", (), "question", ("skinType",)),
        ("你是什么肤质？", (), "question", ("skinType",)),
        ("Use a cleanser. How is your barrier?", (), "mixed", ("barrierStatus",)),
        ("What is your skin type? What is your main goal?", (), "question", ("goals", "skinType")),
        ("How do you sleep?", (), "question", ()),
        ("Here you go.", (QUESTION,), "mixed", ()),
        ("", (QUESTION,), "question", ()),
        ("I know your skin type. Anything else?", (), "mixed", ()),
    ],
)
def test_how_it_was_answered(
    answer: str | None, questions: tuple[Question, ...], mode: str, again: tuple[str, ...]
) -> None:
    seen = resume.probe(answer, questions, flow(("goals", "acne")), PROFILE)
    assert seen.mode == mode
    assert sorted(seen.asked_again) == sorted(again)
