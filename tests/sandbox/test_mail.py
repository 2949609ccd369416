"""The mail API's understudy takes what our mail actor sends, over a real socket, and shows it again."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from aurora.actors.call import Call
from aurora.actors.findings import Answer, Failure
from aurora.actors.links import Link
from aurora.actors.mail import mail_handler, mailer_of
from aurora.actors.questions import MailSent, SendCode
from aurora.actors.sign_in_desk import CodeTray
from aurora.contract.auth_requests import AuthStart
from aurora.sandbox import Sandbox
from aurora.sandbox.mail import MAILS_KEPT
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.sandbox import Served

EMAIL = "mei@example.com"


async def send(sandbox: Served, code: str = "918273") -> Any:
    """One code, on its way as in a turn."""
    settings = Settings(resend_api_key="k", resend_base_url=sandbox.url, auth_email_from="Aurora <a@b.co>")
    tray = CodeTray()
    tray.put("c1", code)
    async with Link("mail", sandbox.url, settings) as link:
        handler = mail_handler(mailer_of(settings, link), tray)
        turn = turn_for("auth_start", AuthStart(email=EMAIL))
        return await handler(Call(SendCode(challenge_id="c1", minutes=10), turn, trio.current_time() + 2))


async def test_a_code_arrives_and_can_be_read(sandbox: Served) -> None:
    assert await send(sandbox) == Answer(actor="mail", value=MailSent(delivery="resend"))
    (mail,) = (await sandbox.client.get("/_sandbox/mails", params={"to": EMAIL})).json()["mails"]
    assert (mail["to"], mail["sender"]) == ([EMAIL], "Aurora <a@b.co>")
    assert "918273" in mail["text"]
    assert (await sandbox.client.get("/_sandbox/mails", params={"to": "x@y.z"})).json()["mails"] == []
    (call,) = sandbox.state.calls
    assert (call.upstream, call.body, call.auth) == ("mail", {}, ["Authorization"]), "no code among the calls"


async def test_it_misbehaves_on_demand(sandbox: Served) -> None:
    sandbox.state.script("mail", "status=500", times=None)
    failed = await send(sandbox)
    assert isinstance(failed, Failure)
    assert failed.code == "http_5xx"


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"from": "a@b.co", "to": [EMAIL], "subject": "s", "text": "t"}, "", 401),
        ({"to": [EMAIL], "subject": "s"}, "Bearer k", 422),
        ({"from": "a@b.co", "to": ["nobody"], "subject": "s"}, "Bearer k", 422),
        ({"from": "a@b.co", "to": 7, "subject": "s"}, "Bearer k", 422),
        ({"from": "a@b.co", "to": EMAIL, "subject": "s"}, "Bearer k", 200),
    ],
)
async def test_what_is_no_mail_is_refused(
    sandbox: Served, body: dict[str, Any], key: str, status: int
) -> None:
    answer = await sandbox.client.post("/emails", json=body, headers={"Authorization": key} if key else {})
    assert answer.status_code == status
    assert len(sandbox.state.mailbox.mails) == (status == 200)


def test_memory_is_bounded_and_mock_mode_keeps_none() -> None:
    body = {"from": "a@b.co", "to": [EMAIL], "subject": "s", "text": "x" * 100_000}
    for keep, most in ((True, MAILS_KEPT), (False, 0)):
        box = Sandbox(keep_texts=keep).mailbox
        for _ in range(MAILS_KEPT + 9):
            assert box.take(body)["id"]
        assert len(box.mails) == most
        assert all(len(mail.text) <= 20_000 for mail in box.mails)
