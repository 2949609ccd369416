"""SMTP in a worker thread that can be stopped: the standard library's client, one mail a connection.

smtplib blocks, and its time limit holds for each step only. So the thread is one of few, and when the turn's
time is over its socket is shut down under it, which ends whatever it waits for. A dialogue of our own over
trio would be cancellable by itself, but SMTP has more corners (STARTTLS, AUTH, line endings) than one mail a
sign-in is worth.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from email.message import EmailMessage

import msgspec
import trio

STEP_S = 8.0
AT_ONCE = 4


class Postbox(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in. tls: `starttls`, `tls` (from the first byte) or `none`."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "starttls"


class SmtpError(Exception):
    """The mail was not taken. Its text names the kind of error only, never what a server said."""


class Smtp:
    """Hands mail in at one postbox."""

    def __init__(self, postbox: Postbox) -> None:
        self._postbox = postbox
        self._limiter = trio.CapacityLimiter(AT_ONCE)

    async def send(self, message: EmailMessage) -> None:
        """Hand one mail in. Raises SmtpError. Cancelling leaves at once and ends the thread."""
        delivery = _Delivery(self._postbox, message)
        try:
            await trio.to_thread.run_sync(delivery.run, limiter=self._limiter, abandon_on_cancel=True)
        except (smtplib.SMTPException, OSError) as error:
            raise SmtpError(type(error).__name__) from None
        finally:
            delivery.stop()


class _Delivery:
    """One connection, from both sides: the thread's `run`, and `stop` from the loop."""

    def __init__(self, postbox: Postbox, message: EmailMessage) -> None:
        self._postbox = postbox
        self._message = message
        self._context = ssl.create_default_context()
        self._client = (
            smtplib.SMTP_SSL(timeout=STEP_S, context=self._context)
            if postbox.tls == "tls"
            else smtplib.SMTP(timeout=STEP_S)
        )
        self._stopped = False

    def run(self) -> None:
        box, client = self._postbox, self._client
        # Given to the constructor it would connect there; TLS checks the certificate against it.
        client._host = box.host  # type: ignore[attr-defined]
        try:
            client.connect(box.host, box.port)
            if box.tls == "starttls":
                client.starttls(context=self._context)
            if box.user:
                client.login(box.user, box.password)
            if self._stopped:
                return
            client.send_message(self._message)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()  # the mail is taken by now, however the goodbye goes
        finally:
            client.close()

    def stop(self) -> None:
        """End the thread's waiting, if it still waits. The socket itself is closed by the thread."""
        self._stopped = True
        waiting: socket.socket | None = self._client.sock
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
