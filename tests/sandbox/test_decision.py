"""What the understudy of the decision system says when it behaves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aurora.sandbox import decision
from aurora.sandbox.asked import read

PROFILE = '{"skinType":"oily","barrierStatus":"impaired","sensitivity":"low","goals":["dark_spots"]}'
CJK = re.compile(r"[\u3400-\u9fff]")
TREATMENT_WORDS = re.compile(
    r"treatment|retino|exfoli|peel|\b[abp]ha\b|glycolic|salicylic|mandelic|lactic|resurfac|high.strength"
    r"|视黄醇|果酸|水杨酸|杏仁酸|乳酸|焕肤|去角质|刷酸",
    re.IGNORECASE,
)


def query(message: str, lang: str) -> str:
    return f'profile={PROFILE}\nmeta={{"lang":"{lang}","state":"idle"}}\n\n{message}'


def items(reply: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(reply["answer"])["recommendations"]
    return found


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("hello", "EN"),
        ("干皮怎么办", "CN"),
        ('meta={"lang":"CN"}\n\nhello', "CN"),
        ('meta={"lang":"EN"}\n\n你好', "EN"),
        ("Write JSON. lang: CN", "CN"),
        ("Reply language: 中文\n hello", "CN"),
        ("meta=[1,2\n\n你好", "CN"),
    ],
)
def test_the_language_is_the_named_one_else_that_of_the_message(text: str, lang: str) -> None:
    assert read(text).lang == lang


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    "task", ["Task: Generate skincare product picks", "Task: Generate skincare recommendations"]
)
def test_picks_are_a_cleanser_and_a_moisturizer_with_goal_and_barrier_reasons(task: str, lang: str) -> None:
    picks = items(decision.reply(query(f"{task} for me", lang)))

    assert [item["sku"]["category"] for item in picks] == ["cleanser", "moisturizer"]
    assert len({item["sku"]["sku_id"] for item in picks}) == 2
    for item in picks:
        joined = " ".join(item["reasons"]).lower()
        assert (
            ("goal" in joined and "barrier" in joined)
            if lang == "EN"
            else ("目标" in joined and "屏障" in joined)
        )
        assert not TREATMENT_WORDS.search(json.dumps(item, ensure_ascii=False))
        assert bool(CJK.search(item["sku"]["name"])) is (lang == "CN")


@pytest.mark.parametrize("lang", ["EN", "CN"])
@pytest.mark.parametrize(
    ("token", "categories"),
    [
        ("PICKS_TREATMENT_ONLY_TEST", ["treatment"]),
        ("PICKS_WITH_TREATMENT_TEST", ["treatment", "moisturizer"]),
        ("PICKS_EMPTY_TEST", []),
    ],
)
def test_a_token_changes_the_picks(token: str, categories: list[str], lang: str) -> None:
    text = query(f"Task: Generate skincare product picks. {token}", lang)
    assert [item["sku"]["category"] for item in items(decision.reply(text))] == categories
    forced = decision.reply(query("Task: Generate skincare product picks", lang), stub=token)
    assert [item["sku"]["category"] for item in items(forced)] == categories


def test_picks_also_come_top_level_structured_and_fenced() -> None:
    task = "Task: Generate skincare product picks "
    top = decision.reply(task + "PICKS_TOP_LEVEL_TEST")
    structured = decision.reply(task + "PICKS_STRUCTURED_TEST")
    fenced = decision.reply(task + "PICKS_FENCED_TEST")

    assert len(top["recommendations"]) == 2
    assert len(structured["structured"]["recommendations"]) == 2
    assert len(json.loads(fenced["answer"].split("```json\n")[1].split("\n```")[0])["recommendations"]) == 2


@pytest.mark.parametrize("message", ["hello", "What is niacinamide?", "玻尿酸怎么用"])
def test_small_talk_is_short_and_carries_one_recommendations_card(message: str) -> None:
    reply = decision.reply(message)

    assert reply["intent"] == "chat"
    assert 0 < len(reply["answer"]) < 280
    assert bool(CJK.search(reply["answer"])) is bool(CJK.search(message))
    assert [card["type"] for card in reply["cards"]] == ["recommendations"]
    (item,) = reply["cards"][0]["payload"]["recommendations"]
    assert item["sku_id"] == "mock_sku_1"
    assert item["name"]


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_the_report_is_strict_json_that_ends_with_its_only_question(lang: str) -> None:
    report = json.loads(
        decision.reply(f"Write features, strategy and needs_risk_check as JSON. lang: {lang}")["answer"]
    )

    assert set(report) == {"features", "strategy", "needs_risk_check"}
    assert 4 <= len(report["features"]) <= 6
    assert all(f["confidence"] in ("pretty_sure", "somewhat_sure", "not_sure") for f in report["features"])
    assert all(len(f["observation"]) <= 120 for f in report["features"])
    assert re.findall(r"[?？]", report["strategy"]) == [report["strategy"][-1]]
    assert bool(CJK.search(report["strategy"])) is (lang == "CN")


def test_report_tokens_give_reports_to_reject() -> None:
    prompt = "needs_risk_check "
    assert "rosacea" in decision.reply(prompt + "REPORT_FORBIDDEN_TEST")["answer"]
    assert "?" not in json.loads(decision.reply(prompt + "REPORT_NO_QUESTION_TEST")["answer"])["strategy"]


def test_commerce_stands_both_in_answer_and_structured() -> None:
    reply = decision.reply("STRUCTURED_COMMERCE_TEST")
    for body in (json.loads(reply["answer"]), reply["structured"]):
        assert body["recommendations"]
        assert body["offers"]


def test_context_cards_bring_citations_stress_and_with_an_anchor_a_conflict() -> None:
    plain = decision.reply("CONTEXT_CARDS_TEST")["context"]
    anchored = decision.reply("CONTEXT_CARDS_TEST", anchor_id="sku_9")["context"]

    assert len(plain["external_verification"]["citations"]) == 2
    assert plain["env_stress"]["ess"] == 88
    assert "conflict_detector" not in plain
    assert anchored["conflict_detector"]["conflicts"][0]["rule_id"] == "retinoid_x_acids"


def test_echo_returns_the_query_itself() -> None:
    text = query("CHAT_PROFILE_PREFIX_ECHO_TEST", "EN")
    assert decision.reply(text)["answer"] == text


@pytest.mark.parametrize(
    ("task", "check"),
    [
        ("Task: Parse it", lambda r: r["structured"]["parse"]["anchor_product"]["sku_id"] == "mock_sku_1"),
        (
            "Task: Parse this dupe",
            lambda r: r["structured"]["parse"]["anchor_product"]["sku_id"] == "mock_dupe_1",
        ),
        ("Task: Deep-scan it", lambda r: r["structured"]["analyze"]["verdict"] == "Suitable"),
        ("Task: Compare", lambda r: all(len(t) >= 20 for t in json.loads(r["answer"])["tradeoffs"])),
        ("Task: Compare COMPARE_EMPTY_TEST", lambda r: json.loads(r["answer"])["tradeoffs"] == []),
        (
            "Please recommend an AM/PM skincare routine",
            lambda r: (
                [r["context"]["routine"][half][0]["sku"]["sku_id"] for half in ("am", "pm")]
                == ["mock_cleanser_1", "mock_moisturizer_1"]
            ),
        ),
    ],
)
def test_task_markers(task: str, check: Any) -> None:
    assert check(decision.reply(task))
