"""Every chip that a chat answer may offer: id, label, what comes back when it is tapped (contract B 18).

A chip is offered only if somebody answers it: the client itself (contract F 5) or a step of the chat flow.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aurora.contract.envelope import Chip, Lang


class ChipText(msgspec.Struct, frozen=True):
    """Labels, and the words that the tap stands for ("" when the id says it all)."""

    en: str
    cn: str
    en_reply: str = ""
    cn_reply: str = ""


CATALOGUE: dict[str, ChipText] = {
    # answered by the client
    "chip.intake.upload_photos": ChipText("Upload photos", "上传照片"),
    "chip.intake.skip_analysis": ChipText("Start with a baseline", "先做基础评估"),
    "chip.start.diagnosis": ChipText("Fill in my skin profile", "填写肤况档案"),
    # answered here
    "chip.start.reco_products": ChipText(
        "Get product picks", "看看产品推荐", "Show me product picks for my skin.", "给我推荐适合我的产品。"
    ),
    "chip.start.routine": ChipText(
        "Build my AM/PM routine",
        "生成早晚护肤方案",
        "Build me an AM/PM routine.",
        "帮我生成一套早晚护肤方案。",
    ),
    "chip.start.ingredients": ChipText(
        "Ask about ingredients",
        "聊聊成分",
        "Which ingredients fit my skin, and what is the evidence?",
        "哪些成分适合我？有什么证据？",
    ),
    "chip.action.reco_routine": ChipText(
        "Build an AM/PM routine",
        "生成早晚护肤方案",
        "Build me an AM/PM routine.",
        "帮我生成一套早晚护肤方案。",
    ),
    "chip.budget.optimize.entry": ChipText(
        "Fit it to my budget", "按预算优化", "Fit my routine to my budget.", "按预算优化我的护肤方案。"
    ),
    "chip.action.analyze_product": ChipText(
        "Check one product", "评估一款产品", "Evaluate a specific product for me.", "帮我评估一款产品。"
    ),
    "chip.action.dupe_compare": ChipText(
        "Find alternatives", "找平替", "Find alternatives to a product I like.", "帮我找找平替。"
    ),
    # answers at the travel gate (rules.travel_gate gives their words)
    "chip.travel.destination": ChipText("Tokyo, for example", "比如去东京"),
    "chip.travel.dates": ChipText("In a week, for 5 days", "一周后出发，玩 5 天"),
    "chip.travel.climate_mode": ChipText("No dates yet: usual climate", "日期没定，按当季气候"),
    # give the product that a verdict is to be about
    "chip.fitcheck.send_product_name": ChipText(
        "Send product name", "发送产品名", "Send product name", "发送产品名"
    ),
    "chip.fitcheck.send_link": ChipText("Send a link", "发送链接", "Send a link", "发送链接"),
    # what a question about ingredients is about
    "chip.science.target.niacinamide": ChipText(
        "Niacinamide",
        "烟酰胺",
        "What is the evidence for niacinamide as an ingredient?",
        "烟酰胺的成分证据有哪些？",
    ),
    "chip.science.target.retinoid": ChipText(
        "Retinoids",
        "维A类",
        "What is the evidence for retinoids as an ingredient?",
        "维A类的成分证据有哪些？",
    ),
    "chip.science.target.vitc": ChipText(
        "Vitamin C", "维C", "What is the evidence for vitamin C as an ingredient?", "维C的成分证据有哪些？"
    ),
    "chip.science.goal.brightening": ChipText(
        "Brightening",
        "提亮淡斑",
        "Which ingredients have evidence for brightening?",
        "哪些成分有证据能提亮淡斑？",
    ),
    "chip.science.goal.acne": ChipText(
        "Breakouts", "痘痘闭口", "Which ingredients have evidence for acne?", "哪些成分有证据能改善痘痘闭口？"
    ),
    "chip.science.goal.redness": ChipText(
        "Redness", "泛红敏感", "Which ingredients have evidence for redness?", "哪些成分有证据能舒缓泛红？"
    ),
    # answered by rules.small_chips
    "tpl.action.checkin": ChipText("Check in after a week", "一周后回来打卡"),
    "chip_checkin_now": ChipText("Check in now", "现在打卡"),
    # answers to a safety question (rules.safety.wording); a tap runs the interrupted message again
    "chip.profile.pregnancy.not_pregnant": ChipText(
        "Neither", "都没有", "I'm not pregnant and not trying.", "我没有怀孕，也没有备孕。"
    ),
    "chip.profile.pregnancy.pregnant": ChipText("Pregnant", "怀孕中", "I'm pregnant.", "我怀孕了。"),
    "chip.profile.pregnancy.trying": ChipText(
        "Trying to conceive", "备孕中", "I'm trying to conceive.", "我在备孕。"
    ),
    "chip.profile.age.18_24": ChipText("18–24", "18到24岁", "I'm between 18 and 24.", "我18到24岁。"),
    "chip.profile.age.25_34": ChipText("25–34", "25到34岁", "I'm between 25 and 34.", "我25到34岁。"),
    "chip.profile.age.35_44": ChipText("35–44", "35到44岁", "I'm between 35 and 44.", "我35到44岁。"),
    "chip.start.ingredients.safe_alternatives": ChipText(
        "Show safer options",
        "看看更安全的选择",
        "Which gentle ingredients are safe for me instead?",
        "有哪些更安全、更温和的成分可以换？",
    ),
}


def chip(chip_id: str, lang: Lang, **data: Any) -> Chip:
    """A chip of the catalogue in the language of the turn; `data` is added to what comes back."""
    text = CATALOGUE[chip_id]
    reply = text.cn_reply if lang == "CN" else text.en_reply
    return Chip(
        chip_id=chip_id,
        label=text.cn if lang == "CN" else text.en,
        data={**({"reply_text": reply} if reply else {}), **data},
    )


def chips(lang: Lang, *chip_ids: str) -> list[Chip]:
    """Several chips of the catalogue, in the order given."""
    return [chip(chip_id, lang) for chip_id in chip_ids]
