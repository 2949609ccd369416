"""The mail actor: brings a code to an address, through Resend, an SMTP server, or into a file."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Literal

import msgspec
import trio

from aurora import telemetry
from aurora.actors.call import Call, Handler
from aurora.actors.findings import Answer, Failure, Finding
from aurora.actors.links import Link
from aurora.actors.questions import MailSent, SendCode
from aurora.actors.sign_in_desk import CodeTray
from aurora.actors.smtp import Postbox, Smtp, SmtpError
from aurora.rules import auth_texts
from aurora.rules.email_address import address_of
from aurora.settings import Settings

NAME = "mail"
CALL_S = 8.0  # contract A 8

log = telemetry.get_logger()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail, plain text."""

    to: str
    subject: str
    text: str


Deliver = Callable[[Letter, Call], Awaitable[Failure | None]]


class Mailer(msgspec.Struct, frozen=True, kw_only=True):
    """A way to deliver. name: as the envelope names it."""

    name: str
    deliver: Deliver


def way_of(settings: Settings) -> Literal["resend", "smtp", "file"] | None:
    """The way that is configured; None if there is none, or the one that is named lacks something.

    Without a named provider: Resend if there is a key, else SMTP if there is a host, else the file.
    """
    named, sender = settings.auth_email_provider.lower(), settings.auth_email_from
    if named in ("", "resend") and settings.resend_api_key and sender:
        return "resend"
    if named in ("", "smtp") and settings.auth_smtp_host and sender:
        return "smtp"
    return "file" if named in ("", "file") and settings.auth_email_file else None


def mailer_of(settings: Settings, resend: Link | None) -> Mailer | None:
    """Who delivers, by `way_of`. resend: the link to it, if there is one."""
    way, sender = way_of(settings), settings.auth_email_from
    if way == "resend" and resend is not None:
        return Mailer(name=way, deliver=_through_resend(resend, settings.resend_api_key, sender))
    if way == "smtp":
        box = Postbox(
            host=settings.auth_smtp_host,
            port=settings.auth_smtp_port,
            user=settings.auth_smtp_user,
            password=settings.auth_smtp_password,
            tls=settings.auth_smtp_tls.lower(),
        )
        return Mailer(name=way, deliver=_through_smtp(Smtp(box), sender))
    if way == "file":
        return Mailer(name=way, deliver=_into_file(Path(settings.auth_email_file)))
    return None


def mail_handler(mailer: Mailer | None, tray: CodeTray) -> Handler:
    """Handler of SendCode. What goes wrong is a Failure that says nothing of the mail."""

    async def handle(call: Call) -> Finding:
        question = call.question
        if not isinstance(question, SendCode):
            raise TypeError(f"mail cannot answer {type(question).__name__}")
        code = tray.take(question.challenge_id)
        to = address_of(call.turn.body.email)
        if mailer is None or code is None or to is None:
            return Failure(actor=NAME, code="not_configured")
        subject, text = auth_texts.mail(code, question.minutes, call.turn.context.lang)
        failure = await mailer.deliver(Letter(to=to, subject=subject, text=text), call)
        telemetry.family("aurora_mails_total").labels(
            mailer.name, "ok" if failure is None else failure.code
        ).inc()
        return Answer(actor=NAME, value=MailSent(delivery=mailer.name)) if failure is None else failure

    return handle


def _through_resend(link: Link, key: str, sender: str) -> Deliver:
    async def deliver(letter: Letter, call: Call) -> Failure | None:
        outcome = await link.call(
            "POST",
            "/emails",
            json={"from": sender, "to": [letter.to], "subject": letter.subject, "text": letter.text},
            headers={"authorization": f"Bearer {key}"},
            deadline=min(call.deadline, trio.current_time() + CALL_S),
        )
        return outcome if isinstance(outcome, Failure) else None

    return deliver


def _through_smtp(smtp: Smtp, sender: str) -> Deliver:
    async def deliver(letter: Letter, call: Call) -> Failure | None:
        message = EmailMessage()
        message["From"] = formataddr(parseaddr(sender))
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message.set_content(letter.text)
        try:
            with trio.move_on_at(min(call.deadline, trio.current_time() + CALL_S)):
                await smtp.send(message)
                return None
        except SmtpError as error:
            log.warning("mail_not_taken", error=str(error))
            return Failure(actor=NAME, code="connect")
        return Failure(actor=NAME, code="timeout")

    return deliver


def _into_file(path: Path) -> Deliver:
    """Appends to a file that only its owner can read."""

    async def deliver(letter: Letter, _: Call) -> Failure | None:
        text = f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}\n---\n"
        try:
            await trio.to_thread.run_sync(_append, path, text)
        except OSError as error:
            log.warning("mail_not_written", error=type(error).__name__)
            return Failure(actor=NAME, code="connect")
        return None

    return deliver


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(text)
