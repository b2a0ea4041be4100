"""Mails by SMTP: the fallback when Slack is dead, and the digest for those who are not in Slack.

A mail whose sending ended without an answer is sent again with the same Message-ID (RFC 5322, 3.6.4), so that the
receiver's program shows it once.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from monitor.telling import GoneError, NotSentError, Posted, RefusedError, Sought, Told, UnclearError, subject, text

TIMEOUT = 20.0
PORTS = {"smtp": 587, "smtp+starttls": 587, "smtps": 465}


class MailOutlet:
    """Mails through one server.

    `smtp` is `smtps://user:password@host` (TLS from the start), `smtp+starttls://…`, or `smtp://…`, which turns to TLS
    where the server offers it and insists on it where a password is to be sent.
    """

    def __init__(self, smtp: SecretStr, sender: str) -> None:
        self._smtp = smtp
        self.sender = sender

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        """Send a mail. Raises NotSentError, UnclearError or RefusedError."""
        await asyncio.to_thread(self._send, compose(self.sender, to, told, key))
        return Posted()

    async def edit(self, at: Posted, told: Told) -> None:
        raise GoneError("a mail cannot be changed")

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        return None

    def _send(self, mail: EmailMessage) -> None:
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError:
            raise RefusedError("the mail server refuses the login; see to the user and password in mail.smtp") from None
        except smtplib.SMTPNotSupportedError:
            raise RefusedError("the mail server offers no TLS, and a password is not sent without") from None
        except (OSError, smtplib.SMTPException, ValueError) as e:
            raise NotSentError(f"the mail server cannot be reached: {type(e).__name__}") from None
        try:
            server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as e:
            raise RefusedError(f"the mail server refuses the address: {type(e).__name__}") from None
        except smtplib.SMTPResponseException as e:
            if e.smtp_code >= 500:
                raise RefusedError(f"the mail server refuses the mail: {e.smtp_code}") from None
            raise NotSentError(f"the mail server cannot take it now: {e.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as e:
            raise UnclearError(f"no answer from the mail server: {type(e).__name__}") from None
        finally:
            _leave(server)

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self._smtp.get_secret_value())
        host, port = parts.hostname or "localhost", parts.port or PORTS.get(parts.scheme, 587)
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
        try:
            server.ehlo()
            if parts.scheme != "smtps" and (parts.scheme == "smtp+starttls" or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                if not isinstance(server.sock, ssl.SSLSocket) and not _is_loopback(host):
                    raise smtplib.SMTPNotSupportedError("no TLS")
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def compose(sender: str, to: str, told: Told, key: str) -> EmailMessage:
    """The mail, in UTF-8 plain text. Header values come from our words alone, on one line each."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = " ".join(subject(told).split())[:200]
    mail["Date"] = told.now
    mail["Message-ID"] = f"<{sha256(f'{key} {to}'.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    mail.set_content(text(told), charset="utf-8")
    return mail


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _is_loopback(host: str) -> bool:
    try:
        return socket.gethostbyname(host).startswith("127.")
    except OSError:
        return False
