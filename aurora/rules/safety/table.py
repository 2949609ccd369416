"""The safety rules themselves, as data: who, what, how grave, why, what else, and sentences to check by.

A row fires when every group of `who` holds of the person and every group of `named` is brought up by the
message; inside a group one is enough. `outgoing` names what may not leave for such a person, whatever the
message says. `fires` and `silent` are sentences that the tests hold the row to. The table follows contract
B 9.2; rows and widenings of our own say so in `rationale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Group = tuple[str, ...]
Pair = tuple[str, str]

LEVELS: tuple[str, ...] = ("INFO", "WARN", "REQUIRE_INFO", "BLOCK")


class Said(msgspec.Struct, frozen=True):
    """A sentence, and what is stored of the person who writes it."""

    text: str
    profile: Mapping[str, Any] = {}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row. reason, alternative, question: (EN, CN). field: the profile fact that answers the question."""

    id: str
    level: str
    who: tuple[Group, ...] = ()
    named: tuple[Group, ...] = ()
    outgoing: Group = ()
    rationale: str
    reason: Pair
    alternative: Pair
    question: Pair | None = None
    field: str | None = None
    fires: tuple[Said, ...]
    silent: tuple[Said, ...]


_PREGNANT: Mapping[str, Any] = {"pregnancy_status": "pregnant"}
_TRYING: Mapping[str, Any] = {"pregnancy_status": "trying"}
_NOT: Mapping[str, Any] = {"pregnancy_status": "not_pregnant"}
_FEEDING: Mapping[str, Any] = {"pregnancy_status": "not_pregnant", "lactation_status": "lactating"}
_ON_ISO: Mapping[str, Any] = {"pregnancy_status": "not_pregnant", "high_risk_medications": ["isotretinoin"]}
_FRAGILE: Mapping[str, Any] = {"pregnancy_status": "not_pregnant", "barrierStatus": "impaired"}
_REACTIVE: Mapping[str, Any] = {"pregnancy_status": "not_pregnant", "sensitivity": "high"}

_PREGNANCY_QUESTION: Pair = (
    "Are you pregnant, or trying to become pregnant?",
    "你目前怀孕了吗，或者正在备孕？",
)

RULES: tuple[Rule, ...] = (
    Rule(
        id="P1",
        level="BLOCK",
        who=(("pregnant",),),
        named=(("ISO",),),
        outgoing=("ISO",),
        rationale="Isotretinoin by mouth is a proven teratogen; contraindicated throughout pregnancy.",
        reason=(
            "Isotretinoin must not be used in pregnancy: it can seriously harm the baby.",
            "孕期禁用异维A酸，它可能对胎儿造成严重伤害。",
        ),
        alternative=(
            "A gentle cleanser with azelaic acid, and your doctor's advice on anything prescribed",
            "温和清洁搭配壬二酸；处方药请先问医生",
        ),
        fires=(
            Said("I'm pregnant, can I stay on Accutane?"),
            Said("孕期可以吃异维A酸吗"),
            Said("accutane?", _PREGNANT),
        ),
        silent=(Said("I'm not pregnant. How does Accutane work?"), Said("我没怀孕，异维A酸是什么原理", _NOT)),
    ),
    Rule(
        id="P2",
        level="BLOCK",
        who=(("pregnant",),),
        named=(("RET",),),
        outgoing=("RET",),
        rationale=(
            "Topical retinoids: no established safety in pregnancy and a known class risk; avoided "
            "as a precaution."
        ),
        reason=("Retinoids are best avoided in pregnancy.", "孕期不建议使用维A类（A醇、A酸、阿达帕林等）。"),
        alternative=(
            "Azelaic acid, barrier repair and a generous daily sunscreen",
            "壬二酸、屏障修护，再加严格防晒",
        ),
        fires=(
            Said("Is retinol safe during pregnancy?"),
            Said("孕期可以用A醇吗"),
            Said("维 A 酸能用吗", _PREGNANT),
        ),
        silent=(
            Said("I'm pregnant and I don't use retinol"),
            Said("怀孕了，想找不含A醇的面霜"),
            Said("retinol?", _NOT),
        ),
    ),
    Rule(
        id="P3",
        level="BLOCK",
        who=(("pregnant",),),
        named=(("HQ",),),
        outgoing=("HQ",),
        rationale="Hydroquinone is absorbed through the skin in large part (35-45 %); avoided in pregnancy.",
        reason=(
            "Hydroquinone is best avoided in pregnancy: much of it passes through the skin.",
            "孕期不建议使用氢醌，它经皮吸收的比例较高。",
        ),
        alternative=(
            "Vitamin C or azelaic acid, with a tinted mineral sunscreen",
            "维C或壬二酸，搭配有色物理防晒",
        ),
        fires=(Said("I am pregnant, is hydroquinone ok for melasma?"), Said("孕妇能用氢醌淡斑吗")),
        silent=(Said("pregnant, melasma, no hydroquinone please"), Said("氢醌怎么用", _NOT)),
    ),
    Rule(
        id="P4",
        level="WARN",
        who=(("pregnant",),),
        named=(("SAL",),),
        rationale=(
            "Salicylic acid at peel strength over large areas is absorbed; low-strength wash-off is "
            "usually accepted."
        ),
        reason=(
            "High-strength salicylic acid is not a first choice in pregnancy.",
            "孕期不建议首选高浓度水杨酸。",
        ),
        alternative=(
            "A low-strength product on a small area, after asking your clinician",
            "低浓度、小面积使用，并先问过医生",
        ),
        fires=(
            Said("pregnant, thinking of a 30% salicylic acid treatment"),
            Said("孕期可以用高浓度水杨酸吗"),
        ),
        silent=(Said("salicylic acid 2% cleanser", _PREGNANT), Said("30% salicylic acid", _NOT)),
    ),
    Rule(
        id="P5",
        level="BLOCK",
        who=(("pregnant",),),
        named=(("PEEL",),),
        outgoing=("PEEL",),
        rationale=(
            "Peels: uncontrolled absorption and a higher risk of marks while pigment is hormonally primed."
        ),
        reason=("Peels are best left until after pregnancy.", "孕期不建议做焕肤或剥脱类护理。"),
        alternative=("A gentle barrier routine", "温和的屏障护理"),
        fires=(Said("Can I do a chemical peel while pregnant?"), Said("怀孕了能做焕肤吗")),
        silent=(Said("chemical peel?", _NOT), Said("怀孕了，不做焕肤，想要保湿")),
    ),
    Rule(
        id="P6",
        level="REQUIRE_INFO",
        who=(("pregnant",), ("medications_unknown",)),
        named=(("RX",),),
        rationale="A prescription in pregnancy may be a retinoid or an antibiotic; its name decides.",
        reason=(
            "Some prescribed acne medicines do not go with pregnancy.",
            "部分处方祛痘药不适合孕期使用。",
        ),
        alternative=("Gentle cleansing and moisturising", "温和清洁和保湿"),
        question=(
            "Which prescription skin medicines do you use, if any (for example isotretinoin or tretinoin)?",
            "你现在有没有在用处方药？是哪一种（比如异维A酸、维A酸）？",
        ),
        field="high_risk_medications",
        fires=(Said("I'm pregnant and have a prescription acne cream"), Said("怀孕了，医生开的药膏还能涂吗")),
        silent=(
            Said("prescription cream", _NOT),
            Said("my prescription", {**_PREGNANT, "high_risk_medications": ["clindamycin"]}),
        ),
    ),
    Rule(
        id="P7",
        level="WARN",
        who=(("pregnant",),),
        named=(("OIL",),),
        rationale="Essential oils irritate and sensitise; skin reacts more in pregnancy.",
        reason=("Essential oils can irritate, more so in pregnancy.", "精油容易刺激皮肤，孕期更要当心。"),
        alternative=("Fragrance-free products", "无香精的产品"),
        fires=(Said("pregnant: are essential oils fine?"), Said("孕妇可以用精油吗")),
        silent=(Said("essential oils?", _NOT), Said("精油好用吗", _NOT)),
    ),
    Rule(
        id="P8",
        level="BLOCK",
        who=(("trying",),),
        named=(("RET", "ISO"),),
        outgoing=("RET", "ISO"),
        rationale=(
            "Retinoids are stopped before conception; the first weeks pass unnoticed. Isotretinoin beside "
            "topical retinoids is our widening: it is the graver of the two."
        ),
        reason=(
            "While you are trying to conceive, retinoids are best left out.",
            "备孕期间建议停用维A类成分。",
        ),
        alternative=("Azelaic acid and barrier care", "壬二酸和屏障修护"),
        fires=(
            Said("I'm trying to conceive, can I use retinol?"),
            Said("备孕可以用A醇吗"),
            Said("tretinoin?", _TRYING),
        ),
        silent=(Said("retinol?", _NOT), Said("备孕中，求不含A醇的精华")),
    ),
    Rule(
        id="P9",
        level="INFO",
        who=(("pregnant",),),
        named=(("ACNE",),),
        rationale="Acne in pregnancy is common; conservative care first.",
        reason=("Acne care in pregnancy starts gently.", "孕期的痘痘先从温和护理开始。"),
        alternative=("Azelaic acid and a gentle cleanser", "壬二酸和温和洁面"),
        fires=(Said("pregnant and breaking out"), Said("孕期长痘痘怎么办")),
        silent=(Said("acne", _NOT), Said("怀孕了皮肤干")),
    ),
    Rule(
        id="P10",
        level="BLOCK",
        who=(("trying",),),
        named=(("HQ",),),
        outgoing=("HQ",),
        rationale=(
            "Ours, after decision 19: the high absorption of hydroquinone argues for leaving it "
            "before conception too."
        ),
        reason=(
            "While you are trying to conceive, hydroquinone is best left out.",
            "备孕期间不建议使用氢醌。",
        ),
        alternative=("Vitamin C or azelaic acid, with sunscreen", "维C或壬二酸，搭配防晒"),
        fires=(Said("we are trying for a baby, is hydroquinone ok?"), Said("备孕期可以用氢醌吗")),
        silent=(Said("hydroquinone for spots", _NOT), Said("氢醌", {**_NOT, "age_band": "25_34"})),
    ),
    Rule(
        id="L1",
        level="BLOCK",
        who=(("lactating",),),
        named=(("ISO",),),
        outgoing=("ISO",),
        rationale="Isotretinoin is fat-soluble and may pass into milk; not used while breastfeeding.",
        reason=("Isotretinoin is not used while breastfeeding.", "哺乳期不能使用异维A酸。"),
        alternative=(
            "Conservative care on the skin, and your doctor's advice",
            "以温和的外用护理为主，并咨询医生",
        ),
        fires=(
            Said("I'm breastfeeding, can I take isotretinoin?"),
            Said("哺乳期能吃异维A酸吗"),
            Said("accutane", _FEEDING),
        ),
        silent=(
            Said("I stopped breastfeeding. Can I take isotretinoin?", _NOT),
            Said("没有在哺乳，异维A酸呢", _NOT),
        ),
    ),
    Rule(
        id="L2",
        level="WARN",
        who=(("lactating",),),
        named=(("RET",), ("CHEST",)),
        rationale="The child's mouth must not meet a retinoid.",
        reason=(
            "While breastfeeding, keep retinoids away from the chest and areola.",
            "哺乳期不要在胸部和乳晕涂维A类产品。",
        ),
        alternative=("A retinoid-free moisturiser there", "这些部位改用不含维A类的保湿产品"),
        fires=(Said("breastfeeding: retinol on my chest?", _NOT), Said("哺乳期胸前可以涂A醇吗", _NOT)),
        silent=(Said("moisturizer for my chest", _FEEDING), Said("retinol on my chest", _NOT)),
    ),
    Rule(
        id="L3",
        level="WARN",
        who=(("lactating",),),
        named=(("PEEL",),),
        rationale="Skin is more reactive after birth; strong peels are put off.",
        reason=("Peels can irritate while you are breastfeeding.", "哺乳期做焕肤容易刺激皮肤。"),
        alternative=("Gentle care first", "先做温和护理"),
        fires=(Said("breastfeeding and want a chemical peel", _NOT), Said("哺乳期可以焕肤吗", _NOT)),
        silent=(Said("chemical peel", _NOT), Said("哺乳期，不做焕肤", _NOT)),
    ),
    Rule(
        id="L4",
        level="INFO",
        who=(("lactating",),),
        named=(("BFSAFE",),),
        rationale="A question about safety while breastfeeding gets the conservative path.",
        reason=(
            "While breastfeeding, a short and gentle routine is the safe path.",
            "哺乳期护肤以精简、温和为主。",
        ),
        alternative=("Cleanser, moisturiser, mineral sunscreen", "洁面、保湿、物理防晒"),
        fires=(Said("is niacinamide safe while breastfeeding"), Said("哺乳期烟酰胺可以用吗")),
        silent=(Said("is niacinamide safe"), Said("烟酰胺可以用吗")),
    ),
    Rule(
        id="L5",
        level="WARN",
        who=(("lactating",),),
        named=(("RET",),),
        outgoing=("RET",),
        rationale=(
            "Ours, after decision 19: too little is known; we recommend none ourselves, and warn "
            "where one is asked about."
        ),
        reason=(
            "There is little data on retinoids while breastfeeding; ask your clinician first.",
            "哺乳期使用维A类的资料有限，请先咨询医生。",
        ),
        alternative=("Azelaic acid or niacinamide", "壬二酸或烟酰胺"),
        fires=(Said("nursing my baby, is retinol ok?", _NOT), Said("哺乳期能用A醇吗", _NOT)),
        silent=(Said("retinol", _NOT), Said("breastfeeding, retinol-free please", _NOT)),
    ),
    Rule(
        id="I1",
        level="WARN",
        who=(("barrier_impaired",),),
        named=(("RET",),),
        rationale="A retinoid on a damaged barrier prolongs the damage.",
        reason=(
            "Your barrier needs two to four weeks of repair before a retinoid.",
            "屏障受损时先修护2到4周，再考虑维A类。",
        ),
        alternative=("Ceramides and panthenol", "神经酰胺和泛醇"),
        fires=(Said("retinol tonight?", _FRAGILE), Said("屏障受损可以用A醇吗", _NOT)),
        silent=(Said("retinol tonight?", {**_NOT, "barrierStatus": "healthy"}), Said("保湿", _FRAGILE)),
    ),
    Rule(
        id="I2",
        level="BLOCK",
        who=(("barrier_impaired",),),
        named=(("DAILY",),),
        outgoing=("EXF", "PEEL"),
        rationale=(
            "Daily acids on a damaged barrier; in what we recommend, no acid at all, since steps are "
            "daily by default."
        ),
        reason=(
            "With an impaired barrier, acids every day make things worse.",
            "屏障受损时每天刷酸会加重问题。",
        ),
        alternative=(
            "Stop acids, repair with ceramides and a plain moisturiser",
            "先停酸，用神经酰胺和基础保湿修护",
        ),
        fires=(
            Said("I exfoliate every day", _FRAGILE),
            Said("我天天刷酸", _FRAGILE),
            Said("glycolic acid daily", _FRAGILE),
        ),
        silent=(
            Said("I use hyaluronic acid every day", _FRAGILE),
            Said("我没有天天刷酸", _FRAGILE),
            Said("I exfoliate every day", {**_NOT, "barrierStatus": "healthy"}),
        ),
    ),
    Rule(
        id="I3",
        level="REQUIRE_INFO",
        who=(("sensitive",),),
        named=(("MULTI",),),
        rationale="Sensitive skin takes one active at a time; the goal decides which.",
        reason=(
            "Sensitive skin does better with one strong active at a time.",
            "敏感皮肤一次只适合用一种强活性成分。",
        ),
        alternative=("One active, two evenings a week, and moisturiser", "一次一种、每周两晚，配合保湿"),
        question=("Which one goal matters most to you right now?", "现在你最想先解决的一个问题是什么？"),
        fires=(
            Said("can I combine adapalene and glycolic acid?", _REACTIVE),
            Said("阿达帕林和果酸一起用行吗", _REACTIVE),
        ),
        silent=(
            Said("can I combine niacinamide and glycolic acid?", _REACTIVE),
            Said("combine adapalene and glycolic acid", _NOT),
        ),
    ),
    Rule(
        id="I4",
        level="WARN",
        named=(("UVT",), ("WEXF",)),
        rationale="Freshly exfoliated skin burns and marks sooner.",
        reason=(
            "Before and during strong sun or travel, pause exfoliation.",
            "强日晒或旅行前后，建议暂停去角质和刷酸。",
        ),
        alternative=("Moisturiser and SPF 50, reapplied", "保湿加SPF50，并及时补涂"),
        fires=(Said("beach trip: bring my exfoliating pads?"), Said("去海边还能刷酸吗")),
        silent=(Said("beach trip with hyaluronic acid"), Said("去海边怎么防晒")),
    ),
    Rule(
        id="I5",
        level="WARN",
        named=(("FAST",),),
        rationale="A wish for results overnight leads to overuse.",
        reason=(
            "Skin changes over weeks; pushing it tends to backfire.",
            "皮肤改善需要几周，求快往往适得其反。",
        ),
        alternative=("One small change at a time", "一次只做一个小调整"),
        fires=(Said("fastest way to clear my skin"), Said("有没有一夜见效的方法")),
        silent=(Said("slow and steady routine"), Said("慢慢调理")),
    ),
    Rule(
        id="M1",
        level="BLOCK",
        who=(("on_isotretinoin",),),
        named=(("RET",),),
        outgoing=("RET", "ISO"),
        rationale="A topical retinoid on top of isotretinoin adds dryness and damage, and nothing else.",
        reason=(
            "While you are on isotretinoin, no retinoid on the skin.",
            "服用异维A酸期间不要再外用维A类。",
        ),
        alternative=("Hydration and sunscreen only", "只做保湿和防晒"),
        fires=(
            Said("retinol too?", _ON_ISO),
            Said("A醇能一起用吗", _ON_ISO),
            Said("I'm on accutane, can I add tretinoin?", _NOT),
            Said("我在吃异维A酸，还能用A醇吗", _NOT),
        ),
        silent=(Said("which moisturizer?", _ON_ISO), Said("面霜推荐，不要A醇", _ON_ISO)),
    ),
    Rule(
        id="M2",
        level="BLOCK",
        who=(("on_isotretinoin",),),
        named=(("EXF", "PEEL"),),
        outgoing=("EXF", "PEEL"),
        rationale=(
            "Isotretinoin thins the outer layer; acids and peels wound it. Peels beside acids are "
            "our widening."
        ),
        reason=(
            "While you are on isotretinoin, no acids and no peels.",
            "服用异维A酸期间不要刷酸或焕肤。",
        ),
        alternative=("Hydration and sunscreen only", "只做保湿和防晒"),
        fires=(
            Said("glycolic toner?", _ON_ISO),
            Said("可以刷酸吗", _ON_ISO),
            Said("on accutane, AHA ok?", _NOT),
        ),
        silent=(
            Said("hyaluronic acid?", _ON_ISO),
            Said("glycolic toner?", {**_NOT, "high_risk_medications": ["none"]}),
        ),
    ),
    Rule(
        id="M3",
        level="WARN",
        named=(("TRT",), ("PEEL",)),
        rationale="Tretinoin and peels add up.",
        reason=("Tretinoin and peels are too much together.", "维A酸和焕肤不要同时进行。"),
        alternative=("One path at a time", "二选一，一次只走一条路"),
        fires=(Said("tretinoin then a chemical peel", _NOT), Said("维A酸加焕肤", _NOT)),
        silent=(Said("tretinoin", _NOT), Said("异维A酸加焕肤", _NOT)),
    ),
    Rule(
        id="M4",
        level="REQUIRE_INFO",
        who=(("medications_unknown",),),
        named=(("STER",), ("EXF",)),
        rationale="Acids over a face treated with steroids need the prescriber's word.",
        reason=(
            "Steroid-treated skin is thin, and acids can injure it.",
            "用过激素的皮肤较薄，刷酸容易受伤。",
        ),
        alternative=("A plain moisturiser, no acids", "只做基础保湿，不刷酸"),
        question=(
            "Is the steroid prescribed to you, and what is it called?",
            "这支激素药是医生开的吗？叫什么名字？",
        ),
        field="high_risk_medications",
        fires=(Said("steroid cream on my face and glycolic acid", _NOT), Said("激素脸可以用果酸吗", _NOT)),
        silent=(Said("steroid cream on my face", _NOT), Said("激素脸怎么保湿", _NOT)),
    ),
    Rule(
        id="M5",
        level="REQUIRE_INFO",
        who=(("pregnancy_unknown",),),
        named=(("RET", "ISO", "HQ"),),
        outgoing=("RET", "ISO", "HQ"),
        rationale=(
            "Before a retinoid, one question. Isotretinoin and hydroquinone beside retinoids follow "
            "decision 19."
        ),
        reason=(
            "Retinoids and hydroquinone depend on whether you are pregnant or trying.",
            "维A类和氢醌能不能用，要看是否怀孕或备孕。",
        ),
        alternative=(
            "Azelaic acid, niacinamide or barrier care",
            "壬二酸、烟酰胺或屏障修护",
        ),
        question=_PREGNANCY_QUESTION,
        field="pregnancy_status",
        fires=(
            Said("Can I use retinol?"),
            Said("A醇能用吗"),
            Said("氢醌能用吗"),
            Said("retinoids for beginners"),
        ),
        silent=(Said("Can I use retinol?", _NOT), Said("我是男生，A醇能用吗"), Said("retinol-free serum")),
    ),
    Rule(
        id="M6",
        level="REQUIRE_INFO",
        who=(("age_unknown",),),
        named=(("STRONG",),),
        rationale="Strong actives are for adults; young skin needs other advice.",
        reason=("For strong actives, your age range matters.", "高强度活性成分要看年龄段。"),
        alternative=("Gentle basics", "温和的基础护理"),
        question=("Which age range are you in?", "你在哪个年龄段？"),
        field="age_band",
        fires=(Said("high-strength serum please"), Said("想要猛药抗老"), Said("retinoids?", _NOT)),
        silent=(Said("high-strength serum", {"age_band": "25_34"}), Said("我今年28岁，想要猛药抗老")),
    ),
)

UNANSWERED = Rule(
    id="U1",
    level="WARN",
    outgoing=("RET", "ISO", "HQ", "EXF", "PEEL"),
    rationale=(
        "Ours: a safety question that was asked twice and stayed open is not asked for ever; nothing strong "
        "is recommended as long as it is open."
    ),
    reason=(
        "As long as that is open, I leave strong actives out.",
        "在确认之前，我先不推荐强活性成分。",
    ),
    alternative=("Gentle cleansing, moisture and sunscreen", "温和清洁、保湿和防晒"),
    fires=(),
    silent=(),
)
"""What may not leave while a safety question stays unanswered. No message fires it: the conversation does."""

BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in (*RULES, UNANSWERED)}
