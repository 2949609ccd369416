"""Profile facts: said, and taken back (contract A 7.2, 7.3)."""

from __future__ import annotations

import msgspec

from aurora.actors.findings import Failure
from aurora.actors.questions import Erase, EraseAccount, ForgetPhotos
from aurora.actors.stage import Stage
from aurora.contract.envelope import Lang
from aurora.contract.memory import Profile
from aurora.flows.auth import no_accounts, refusal_of
from aurora.flows.memory_view import storage_refusal, too_slow
from aurora.rules.profile_summary import summary
from aurora.store.facts import ProfilePatched

_SAVED = {
    "EN": "Got it, your profile is up to date.",
    "CN": "好的，你的资料已经更新了。",
}
_UNCHANGED = {
    "EN": "Nothing new to save. Your profile is as it was.",
    "CN": "这次没有新的内容，你的资料保持不变。",
}
_DELETED = {
    "EN": "Done. Your profile, check-ins and analyses are erased. You can start fresh whenever you like.",
    "CN": "已经清除了你的资料、打卡记录和分析结果。随时可以重新开始。",
}
_DELETED_HERE = {
    "EN": (
        "Done. What I kept for this device is erased. You weren't signed in any more, so an account "
        "would still be there: sign in and ask again to erase that too."
    ),
    "CN": (
        "已经清除了这台设备上的资料。你的登录已失效，如果有账号，账号里的内容还在，重新登录后再清除一次就好。"
    ),
}


async def update(stage: Stage) -> None:
    """Merge what was sent; only keys that are present change. Answers with the whole profile."""
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    patch = msgspec.to_builtins(stage.turn.body)
    finding = await stage.remember(ProfilePatched(patch=patch)).wait()
    if isinstance(finding, Failure):
        raise storage_refusal(finding)
    shown = summary(finding.value.memory.profile or Profile(), v2=stage.settings.profile_v2_enabled)
    envelope.say(_text(_SAVED if patch else _UNCHANGED, stage.turn.context.lang))
    envelope.card("profile", "profile", {"profile": shown})
    envelope.patch(profile=shown)
    envelope.event("profile_saved", {"fields": list(patch)})


async def delete(stage: Stage) -> None:
    """Erase everything known of the identity; succeeds also if there was nothing.

    The account of a signed-in person, or for which this device stands, goes last: while it is there, she can
    try again.
    """
    envelope = stage.envelope
    envelope.if_cut(too_slow())
    finding = await stage.ask(Erase())
    if isinstance(finding, Failure):
        raise storage_refusal(finding)
    storage = finding.value
    gone = await stage.ask(EraseAccount())
    if isinstance(gone, Failure) and not no_accounts(gone):
        raise refusal_of(gone)
    # Of this process: another worker's copies end with their time.
    await stage.ask(ForgetPhotos())
    # A token that is none any more speaks for no account (decision 31), and she may not know that it is none.
    signed_out = bool(stage.turn.raw.get("guest"))
    envelope.say(_text(_DELETED_HERE if signed_out else _DELETED, stage.turn.context.lang))
    envelope.card("profile_delete", "profile_deleted", {"ok": True, "deleted": True, "storage": storage})
    envelope.patch(profile=None, recent_logs=[], checkin_due=True, is_returning=False)
    envelope.event("profile_deleted", {"storage": storage})


def _text(pair: dict[str, str], lang: Lang) -> str:
    return pair[lang]
