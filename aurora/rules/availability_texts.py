"""What an availability answer says (contract B 14): what the catalogue lists, never whether it is in stock.

Medical words of a product's name are not repeated: then the answer says where the boundary is instead.
"""

from __future__ import annotations

from collections.abc import Sequence

from aurora.contract.envelope import Lang
from aurora.rules.text import anywhere, fold, hit, words

MOST_NAMED = 3
MOST_TEXT = 235  # of the 280 that a plain text may have: a kind word may come before it
_NAME_CAP = 48
_SUBJECT_CAP = 40

_MEDICAL = (
    words("cures?", "treats?", "heals?", "prescriptions?", "steroids?", "dermatitis", "eczema"),
    anywhere("治愈", "疗效", "治疗", "药用", "处方", "皮炎", "湿疹", "激素"),
)
# A shop may write these into a name; here they would be a promise that nobody has checked.
_STOCK = (
    words("in stock", "available", "ready to ship", "on sale", "sold out"),
    anywhere("有货", "现货", "库存", "在售", "秒发", "包邮"),
)


def is_medical(text: str) -> bool:
    """Does a text speak of curing, of a disease, or of medicines?"""
    return hit(fold(text), *_MEDICAL)


def found(subject: str, names: Sequence[str], lang: Lang) -> str:
    """The catalogue lists products. subject: what was looked for; names: of all of them, in order.

    The first few are named, as far as the text stays short.
    """
    shown = [name for name in map(_short, names) if name and not hit(fold(name), *_STOCK)][:MOST_NAMED]
    text = _found(subject, shown, len(names), lang)
    while shown and len(text) > MOST_TEXT:
        shown.pop()
        text = _found(subject, shown, len(names), lang)
    return text


def _found(subject: str, shown: Sequence[str], count: int, lang: Lang) -> str:
    about = _about(subject, lang)
    if lang == "CN":
        which = f"：{'、'.join(shown)}{'等' if count > len(shown) else ''}" if shown else ""
        return (
            f"目录里查到 {count} 款{about}相关产品{which}。价格和能否买到，以官方旗舰店或正规零售商为准。"
            "想细看哪一款，把名字发给我。"
        )
    which = f": {', '.join(shown)}{' and more' if count > len(shown) else ''}" if shown else ""
    noun = "product" if count == 1 else "products"
    return (
        f"The catalogue lists {count} {noun} for {about}{which}. Ask the official store or a retailer about "
        "price and stock. Tell me which one to look at more closely."
    )


def not_found(subject: str, lang: Lang, *, late: bool) -> str:
    """Nothing is listed, or the catalogue could not be asked (late)."""
    about = _about(subject, lang)
    if lang == "CN":
        lead = f"暂时没能查到目录里{about}的信息" if late else f"目录里没有查到{about}的产品"
        return f"{lead}。可以先看品牌官方旗舰店或正规零售商；也可以把完整的产品名或链接发给我，我再查一次。"
    lead = (
        f"I couldn't fetch {about} from the catalogue"
        if late
        else f"I found nothing for {about} in the catalogue"
    )
    return (
        f"{lead}. The brand's official store or a retailer can tell you. "
        "Or send me the exact product name or a link, and I'll look again."
    )


def boundary(lang: Lang) -> str:
    """Instead of an answer that would sound like medicine."""
    if lang == "CN":
        return (
            "疾病和用药方面的问题，我没法替产品下结论，请直接问医生或药师。"
            "产品本身可以看官方旗舰店或正规零售商；把完整的产品名发给我，我可以帮你看它的日常护肤定位。"
        )
    return (
        "Where illness or medicine is concerned, a doctor or pharmacist should answer, not a product. "
        "For the product itself, ask the official store or a retailer, or send me its exact name: I can look "
        "at it as everyday skincare."
    )


def _about(subject: str, lang: Lang) -> str:
    short = " ".join(subject.split())[:_SUBJECT_CAP]
    return f"「{short}」" if lang == "CN" else f'"{short}"'


def _short(name: str) -> str:
    return " ".join(name.split())[:_NAME_CAP]
