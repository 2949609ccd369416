"""What is said about an uploaded photo. The client shows no failure but in words (contract F 16, T5)."""

from __future__ import annotations

from aurora.contract.envelope import Lang

_BY_STATUS: dict[str, tuple[str, str]] = {
    "passed": (
        "Got it, and the photo is clear enough to look at.",
        "照片收到了，很清晰，可以用来分析。",
    ),
    "degraded": (
        "Got it. The photo is usable, though not ideal: even daylight and a bare face would show more.",
        "照片收到了，可以用，但不算理想。光线均匀、素颜拍会看得更准。",
    ),
    "failed": (
        "The photo arrived, but it's too unclear to go by. Could you take another in even light, no filter?",
        "照片收到了，但看不清楚，没法判断。请在均匀的光线下正对镜头、不开滤镜再拍一张。",
    ),
    "too_dark": (
        "The photo is too dark to read. Could you take another one facing a window?",
        "照片太暗了，看不清。可以面向窗户再拍一张吗？",
    ),
    "too_bright": (
        "The photo is too bright, so details are lost. Could you take another one out of direct light?",
        "照片太亮，细节都看不到了。可以避开直射光再拍一张吗？",
    ),
    "has_filter": (
        "There seems to be a filter on the photo. Could you take another one without any?",
        "照片好像开了滤镜。可以关掉美颜和滤镜再拍一张吗？",
    ),
    "blurry": (
        "The photo is blurry. Could you take another one, holding the phone still?",
        "照片有点糊。可以拿稳手机再拍一张吗？",
    ),
    "no_face": (
        "I can't find a face in the photo. Could you take another, from the front, with nothing over it?",
        "照片里没有找到人脸。请正对镜头，把整张脸拍进去，口罩、眼镜先摘掉，头发别遮住脸，再来一张好吗？",
    ),
}
_PENDING = (
    "The photo is uploaded; checking it takes a little longer. You can go on in the meantime.",
    "照片已上传，还在检查中，稍等一下就好。你可以先继续。",
)


def about(status: str | None, lang: Lang) -> str:
    """One sentence or two about a photo. status: as `photo_quality_check.status_of` has it."""
    return _pick(_BY_STATUS.get(status or "", _PENDING), lang)


def _pick(pair: tuple[str, str], lang: Lang) -> str:
    return pair[1] if lang == "CN" else pair[0]
