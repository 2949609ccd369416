"""What may not be claimed, and what sounds alike but claims nothing (contract B 17.4)."""

from __future__ import annotations

import pytest

from aurora.rules.claims import makes_claim


@pytest.mark.parametrize(
    "text",
    [
        "This cures acne.", "A serum that cured thousands", "It is guaranteed to work", "You have rosacea.",
        "From the photo, you definitely have seborrheic dermatitis.", "This is clearly eczema.",
        "My diagnosis is melasma", "We have 100% effective creams.", "No worries, this cures acne.",
        "可以根治痘痘。",
        "三天治愈闭口", "保证有效", "你这是脂溢性皮炎。", "你得了湿疹", "别担心，你得了玫瑰痤疮。",
        "100％ effective",
    ],
)  # fmt: skip
def test_claims_are_seen(text):
    assert makes_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing cures acne overnight.", "If you have eczema, go slowly.", "Do you have rosacea?",
        "I can't say that it cures anything", "There is no guarantee that it helps.",
        "Ask a doctor whether you have rosacea.", "This is a gentle cream.", "It is not eczema cream.",
        "A manicure is fine.", "You have sensitive skin.", "This is good for skin with rosacea.",
        "没有什么能根治痘痘。", "不能保证见效", "如果你得了湿疹，先看医生。",
        "这不是湿疹专用的。",
        "是否确诊为湿疹，要由医生判断。", "你这是混合皮。", "Secure the lid.",
        "Your doctor said you have eczema",
    ],
)  # fmt: skip
def test_what_claims_nothing_passes(text):
    assert not makes_claim(text)
