"""Claims that nobody here may make: a cure, a guarantee, a diagnosis of a disease (contract B 17.4, 19).

Careful on purpose: "if you have eczema", "this does not cure acne" and "do you have rosacea" claim nothing.
"""

from __future__ import annotations

import re

from aurora.rules.text import fold

_DISEASE = (
    r"(?:an? )?(?:\w{1,15} )?(?:eczema|rosacea|psoriasis|dermatitis|melasma|impetigo|cellulitis|ringworm"
    r"|vitiligo|skin cancer|melanoma|infection|fungal acne)"
)
_DISEASE_CN = r"(?:湿疹|玫瑰痤疮|酒渣鼻|银屑病|牛皮癣|皮炎|黄褐斑|脓疱疮|白癜风|皮肤癌|真菌感染|感染)"

_CURE = re.compile(
    r"\b(?:cures?|cured|curing|heals? (?:your )?(?:acne|skin disease)|guarantee[sd]? (?:to|that|results?)"
    r"|(?:100|one hundred) ?% (?:effective|safe))\b"
    r"|治愈|根治|包治|断根|药到病除|保证(?:见效|有效|治好|祛除|消除)|百分之百有效",
    re.ASCII,
)
_DIAGNOSIS = re.compile(
    rf"\b(?:you(?:'ve| have| definitely have| clearly have| are suffering from)(?: got)? {_DISEASE}"
    rf"|(?:this|that|it|what you have) is (?:definitely |clearly |certainly ){_DISEASE}"
    rf"|i diagnose\b|(?:my|the) diagnosis is|you are diagnosed with)"
    rf"|确诊为|诊断为|你(?:得了|患有|这是|这就是|肯定是|一定是)[^。！？，,\n]{{0,6}}{_DISEASE_CN}",
    re.ASCII,
)
_LOOK_BACK = 40
_CLAUSE = re.compile(r"[.!?;:,。！？；：，、\n]|\b(?:but|however)\b|但是|不过")
_UNCLAIMED = re.compile(
    r"\b(?:no|not|never|nothing|none|nobody|cannot|without|neither|nor|if|whether|when|unless|do|does|did|can|could"
    r"|may|might|suppose|in case|because|claims?|said|says|told|think|believe|wonder|as though|like)\b|n't\b"
    r"|不|无法|没有|未|别|并非|如果|若|是否|万一|假如|要是|除非|可能|也许|怀疑|担心|医生",
    re.ASCII,
)


def makes_claim(text: str) -> bool:
    """Does the text promise a cure or name a person's disease? Linear in the text."""
    folded = fold(text)
    return any(
        not _UNCLAIMED.search(_before(folded, found.start()))
        for claim in (_CURE, _DIAGNOSIS)
        for found in claim.finditer(folded)
    )


def _before(text: str, at: int) -> str:
    """What stands before `at` in the same clause."""
    head = text[max(0, at - _LOOK_BACK) : at]
    return _CLAUSE.split(head)[-1]
