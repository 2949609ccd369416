"""What a person reads around signing in: answers, refusals, and the e-mail with the code."""

from __future__ import annotations

from aurora.contract.envelope import Lang

SAID: dict[str, dict[Lang, str]] = {
    "code_sent": {
        "EN": "I've sent a code to your inbox. Enter it here to sign in.",
        "CN": "验证码已经发到你的邮箱，填在这里就能登录。",
    },
    "code_kept": {
        "EN": "The mail couldn't be sent, so the code stands in the answer itself.",
        "CN": "邮件没能发出，验证码直接附在这次回复里。",
    },
    "signed_in": {
        "EN": "You're signed in. Good to see you.",
        "CN": "登录成功，很高兴见到你。",
    },
    "signed_out": {
        "EN": "You're signed out. See you soon.",
        "CN": "已退出登录，期待再见。",
    },
    "password_set": {
        "EN": "Your password is saved. Next time you can sign in with it.",
        "CN": "密码已保存，下次可以直接用它登录。",
    },
}

# Refusals by code, (EN, CN), for `rules.errors_text`.
REFUSED: dict[str, tuple[str, str]] = {
    "AUTH_NOT_CONFIGURED": (
        "Signing in isn't set up here. You can go on without an account.",
        "这里还没有开通登录，不登录也可以继续使用。",
    ),
    "AUTH_START_FAILED": (
        "The mail with your code couldn't be sent just now. Please try again in a moment.",
        "验证码邮件暂时没能发出，请稍后再试。",
    ),
    "AUTH_VERIFY_FAILED": (
        "I couldn't sign you in just now. Please try again.",
        "暂时没能登录成功，请再试一次。",
    ),
    "INVALID_EMAIL": (
        "That doesn't look like an e-mail address. Please check it.",
        "这个邮箱地址好像不对，请检查一下。",
    ),
    "INVALID_CODE": (
        "That code is wrong or has expired. Please check it, or ask for a new one.",
        "验证码不正确或已过期，请核对，或重新获取一个。",
    ),
    "INVALID_CREDENTIALS": (
        "E-mail and password don't match. You can always sign in with a code instead.",
        "邮箱或密码不正确。也可以改用邮箱验证码登录。",
    ),
    "PASSWORD_LOCKED": (
        "Too many tries with this password. Please wait a while, or sign in with a code.",
        "密码尝试次数太多了，请过一会儿再试，或者改用邮箱验证码登录。",
    ),
    "RATE_LIMITED": (
        "That was a lot of tries in a short time. Please wait a few minutes.",
        "短时间内尝试次数有点多，请过几分钟再试。",
    ),
    "UNAUTHORIZED": ("Please sign in first.", "请先登录。"),
    "INVALID_PASSWORD": (
        "A password needs more than blanks. Please choose another one.",
        "密码不能只有空格，请换一个。",
    ),
    "USER_NOT_FOUND": ("This account is not there any more.", "这个账号已经不存在了。"),
}

_SUBJECT: dict[Lang, str] = {
    "EN": "Your sign-in code for Aurora",
    "CN": "你的 Aurora 登录验证码",
}
_BODY: dict[Lang, str] = {
    "EN": (
        "Hi,\n\nhere is your code:\n\n    {code}\n\nIt works once, for {minutes} minutes. "
        "If you didn't ask for it, you can leave this mail be: without the code nobody gets in.\n\n"
        "Take good care of your skin,\nAurora\n"
    ),
    "CN": (
        "你好：\n\n这是你的验证码：\n\n    {code}\n\n{minutes} 分钟内有效，只能用一次。"
        "如果不是你本人操作，忽略这封邮件就好，没有验证码谁也登录不了。\n\n祝皮肤状态越来越好！\nAurora\n"
    ),
}


def mail(code: str, minutes: int, lang: Lang) -> tuple[str, str]:
    """Subject and plain text of the mail that brings a code."""
    return _SUBJECT[lang], _BODY[lang].format(code=code, minutes=minutes)
