"""Mail with a code, over real sockets to an HTTP API and an SMTP server, into a file; and when it fails."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from aurora.actors.call import Call
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Link
from aurora.actors.mail import mail_handler, mailer_of
from aurora.actors.questions import MailSent, SendCode
from aurora.actors.sign_in_desk import CodeTray
from aurora.contract.auth_requests import AuthStart
from aurora.rules.auth_texts import mail
from aurora.settings import Settings
from tests.support.fakes import turn_for
from tests.support.raw_upstream import http, raw_upstream, replies, says

EMAIL = "mei@example.com"
SENDER = "Aurora <hello@aurora.example>"


async def send(
    settings: Settings, link: Link | None = None, *, lang: Any = "EN", seconds: float = 5
) -> Finding:
    """Have a code mailed as a turn does."""
    tray = CodeTray()
    tray.put("c1", "918273")
    turn = turn_for("auth_start", AuthStart(email=f" {EMAIL.upper()}"), lang=lang)
    question = SendCode(challenge_id="c1", minutes=10)
    handler = mail_handler(mailer_of(settings, link), tray)
    finding = await handler(Call(question, turn, trio.current_time() + seconds))
    assert len(tray) == 0
    return finding


@pytest.mark.parametrize("lang", ["EN", "CN"])
def test_the_mail_says_the_code_and_how_long_it_works(lang: Any) -> None:
    subject, text = mail("918273", 10, lang)
    assert "918273" in text
    assert "10" in text
    assert "918273" not in subject, "subjects are shown on locked screens"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, None),
        ({"resend_api_key": "k"}, None),
        ({"auth_smtp_host": "h"}, None),
        ({"resend_api_key": "k", "auth_email_from": SENDER}, "resend"),
        ({"auth_smtp_host": "h", "auth_email_from": SENDER}, "smtp"),
        ({"auth_email_file": "f"}, "file"),
        ({"auth_email_file": "f", "auth_smtp_host": "h", "auth_email_from": SENDER}, "smtp"),
        ({"auth_email_file": "f", "auth_email_provider": "smtp"}, None),
        ({"auth_email_file": "f", "auth_email_provider": "ses"}, None),
    ],
)
def test_which_way_is_taken(settings: dict[str, Any], name: str | None) -> None:
    mailer = mailer_of(Settings(**settings), Link("mail", "", Settings()))
    assert (mailer.name if mailer else None) == name


async def test_into_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "mails.txt"
    for _ in range(2):
        assert await send(Settings(auth_email_file=str(path))) == Answer(
            actor="mail", value=MailSent(delivery="file")
        )
    assert path.read_text().count(f"To: {EMAIL}\n") == 2
    assert "918273" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    assert isinstance(await send(Settings(auth_email_file=str(tmp_path))), Failure)


async def test_a_code_is_sent_once_and_only_if_it_is_there() -> None:
    turn = turn_for("auth_start", AuthStart(email=EMAIL))
    handler = mail_handler(None, CodeTray())
    finding = await handler(Call(SendCode(challenge_id="c1", minutes=10), turn, trio.current_time() + 1))
    assert finding == Failure(actor="mail", code="not_configured")


def test_a_tray_holds_so_many_codes_at_most() -> None:
    tray = CodeTray()
    for number in range(600):
        tray.put(str(number), "1")
    assert len(tray) == 512
    assert (tray.take("0"), tray.take("599"), tray.take("599")) == (None, "1", None)


# --- SMTP


class Smtpd:
    """An SMTP server that takes mail, or stops talking at a command."""

    def __init__(self, *, silent_at: str = "", refuse: str = "") -> None:
        self.lines: list[str] = []
        self.gone = trio.Event()
        self._silent_at = silent_at
        self._refuse = refuse

    async def __call__(self, stream: trio.SocketStream) -> None:
        buffer = b""
        in_data = False

        async def say(text: str) -> None:
            await stream.send_all(f"{text}\r\n".encode())

        try:
            if self._silent_at != "greeting":
                await say("220 hello")
            while chunk := await stream.receive_some(4096):
                buffer += chunk
                while b"\r\n" in buffer:
                    line, _, buffer = buffer.partition(b"\r\n")
                    text = line.decode()
                    self.lines.append(text)
                    verb = text.split(" ")[0].upper()
                    if in_data:
                        in_data = text != "."
                        if not in_data:
                            await say("250 taken")
                    elif verb == self._silent_at:
                        continue
                    elif verb == self._refuse:
                        await say("550 secret words of the server")
                    elif verb == "DATA":
                        in_data = True
                        await say("354 go on")
                    elif verb == "QUIT":
                        await say("221 bye")
                        return
                    else:
                        await say("250 fine")
        except trio.BrokenResourceError:
            pass
        finally:
            self.gone.set()


@pytest.fixture
async def smtp() -> AsyncIterator[Any]:
    async with trio.open_nursery() as nursery:

        async def served(server: Smtpd) -> Settings:
            (listener,) = await nursery.start(partial(trio.serve_tcp, server, 0, host="127.0.0.1"))
            port = listener.socket.getsockname()[1]
            return Settings(
                auth_smtp_host="127.0.0.1", auth_smtp_port=port, auth_smtp_tls="none", auth_email_from=SENDER
            )

        yield served
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("lang", ["EN", "CN"])
async def test_through_smtp(smtp: Any, lang: Any) -> None:
    server = Smtpd()
    assert await send(await smtp(server), lang=lang) == Answer(actor="mail", value=MailSent(delivery="smtp"))
    assert any(line.upper().startswith("MAIL FROM:<HELLO@AURORA.EXAMPLE>") for line in server.lines)
    assert f"To: {EMAIL}" in server.lines


async def test_what_an_smtp_server_refuses_is_a_failure_without_its_words(smtp: Any) -> None:
    finding = await send(await smtp(Smtpd(refuse="RCPT")))
    assert finding == Failure(actor="mail", code="connect")


@pytest.mark.parametrize("silent_at", ["greeting", "EHLO", "DATA"])
async def test_an_smtp_server_that_falls_silent_costs_the_deadline_and_no_thread(
    smtp: Any, silent_at: str
) -> None:
    server = Smtpd(silent_at=silent_at)
    finding = await send(await smtp(server), seconds=0.3)
    assert finding == Failure(actor="mail", code="timeout")
    with trio.fail_after(5):
        await server.gone.wait()  # the thread has let go of its connection


# --- Resend


async def test_through_resend() -> None:
    settings = Settings(resend_api_key="re_key", auth_email_from=SENDER)
    async with raw_upstream(says({"id": "m1"})) as upstream, Link("mail", upstream.url, settings) as link:
        assert await send(settings, link) == Answer(actor="mail", value=MailSent(delivery="resend"))
    (request,) = upstream.conversations[0].requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /emails ")
    assert b"authorization: bearer re_key" in head.lower()
    sent = json.loads(body)
    assert (sent["from"], sent["to"]) == (SENDER, [EMAIL])
    assert "918273" in sent["text"]


async def test_what_resend_refuses_is_a_failure_without_its_words() -> None:
    settings = Settings(resend_api_key="re_key", auth_email_from=SENDER)
    refusal = replies(http(422, b'{"message":"secret words"}'))
    async with raw_upstream(refusal) as upstream, Link("mail", upstream.url, settings) as link:
        finding = await send(settings, link)
    assert isinstance(finding, Failure)
    assert (finding.code, finding.status) == ("http_4xx", 422)
    assert "secret" not in finding.detail
