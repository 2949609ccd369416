"""What a person reads when a request was refused or failed (contract A 5): by code, else by status."""

from __future__ import annotations

from aurora.contract.envelope import Lang
from aurora.rules.auth_texts import REFUSED as _SIGNING_IN

_BY_CODE: dict[str, tuple[str, str]] = {
    "BAD_REQUEST": (
        "That request was invalid, so I couldn't read it. Please check it and try again.",
        "这个请求格式不正确，我没能读懂。请检查后再试一次。",
    ),
    "INVALID_JSON": (
        "That wasn't valid JSON, so I couldn't read it.",
        "收到的内容不是有效的 JSON，我没能读懂。",
    ),
    "MISSING_AURORA_UID": (
        "I can't tell who is asking: the X-Aurora-UID header is missing.",
        "我不知道是谁在提问：缺少 X-Aurora-UID 请求头。",
    ),
    "PAYLOAD_TOO_LARGE": ("That's more than I can take in at once.", "内容太大了，我一次处理不了。"),
    "UNSUPPORTED_MEDIA_TYPE": ("I can only read JSON here.", "这里只能接收 JSON 格式的内容。"),
    "NOT_FOUND": ("There is nothing at this address.", "这个地址下没有内容。"),
    "METHOD_NOT_ALLOWED": ("This address doesn't take that kind of request.", "这个地址不支持这种请求方式。"),
    "OVERLOADED": (
        "A lot of people are asking right now. Please try again in a moment.",
        "现在提问的人有点多，请稍等片刻再试。",
    ),
    "SHUTTING_DOWN": (
        "The service is restarting. Please try again in a moment.",
        "服务正在重启，请稍后再试。",
    ),
    "STATE_TRANSITION_REJECTED": (
        "That step isn't possible from here. Please choose one of the options shown.",
        "现在还不能跳到这一步，请从当前的选项里选择。",
    ),
    "DB_NOT_CONFIGURED": (
        "Storage isn't set up yet, so nothing was saved. Please try again shortly.",
        "存储还没有准备好，这次没有保存。请稍后再试。",
    ),
    "DB_SCHEMA_NOT_READY": (
        "Storage isn't ready yet, so nothing was saved. Please try again shortly.",
        "存储还在准备中，这次没有保存。请稍后再试。",
    ),
    "DB_UNAVAILABLE": (
        "Storage can't be reached right now, so I can't say this was saved. Please try again shortly.",
        "存储暂时连不上，无法确认是否已保存。请稍后再试。",
    ),
    "UNSUPPORTED_CONTENT_TYPE": (
        "I can read JPEG, PNG, WebP and HEIC photos. Please choose one of those.",
        "目前支持 JPEG、PNG、WebP 和 HEIC 格式的照片，请换一张试试。",
    ),
    "UPLOAD_TOO_LARGE": (
        "That photo is too large to take in. Please choose a smaller one.",
        "这张照片太大了，请换一张小一点的。",
    ),
    "USER_CONSENT_REQUIRED": (
        "I only look at photos you agree to share. Please confirm that first.",
        "照片需要你同意后才能使用，请先勾选同意。",
    ),
    "MISSING_FIELD": (
        "Something is missing from that upload. Please choose the photo again.",
        "上传的内容不完整，请重新选择照片。",
    ),
    "INVALID_MULTIPART": (
        "The photo arrived incomplete. Please send it again.",
        "照片没有传完整，请再传一次。",
    ),
    "MULTIPART_PARSE_TIMEOUT": (
        "The photo took too long to arrive. Please try again on a better connection.",
        "照片上传超时了，请换个网络好一点的地方再试。",
    ),
    **dict.fromkeys(
        ("PHOTO_UPLOAD_NOT_CONFIGURED", "PHOTO_UPLOAD_AUTH_NOT_CONFIGURED"),
        (
            "Photos can't be taken in here. You can go on without one, with a little less certainty.",
            "这里暂时不能接收照片。不传照片也可以继续，只是把握会小一些。",
        ),
    ),
    **dict.fromkeys(
        (
            "PHOTO_PRESIGN_UPSTREAM_FAILED",
            "UPSTREAM_MISSING_UPLOAD_URL",
            "PHOTO_UPLOAD_BYTES_FAILED",
            "PHOTO_CONFIRM_UPSTREAM_FAILED",
            "PHOTO_UPLOAD_FAILED",
        ),
        (
            "The photo couldn't be stored just now. Please try again in a moment.",
            "照片暂时没能保存成功，请稍后再试。",
        ),
    ),
    **_SIGNING_IN,
    "INTERNAL_SCHEMA_ERROR": (
        "Something went wrong on our side while putting the answer together. Please try again.",
        "整理回答时我们这边出了点问题，请再试一次。",
    ),
}
_CLIENT_SIDE = ("I couldn't accept that request.", "这个请求我没法处理。")
_UNAVAILABLE = ("I can't do that right now. Please try again shortly.", "现在暂时做不到，请稍后再试。")
_OUR_SIDE = ("Something went wrong on our side. Please try again.", "我们这边出了点问题，请再试一次。")


def error_text(code: str, status: int, lang: Lang) -> str:
    """One short sentence in the request's language."""
    by_status = _CLIENT_SIDE if status < 500 else _UNAVAILABLE if status == 503 else _OUR_SIDE
    pair = _BY_CODE.get(code, by_status)
    return pair[1] if lang == "CN" else pair[0]
