"""Mails by SMTP: the fallback when Slack is dead, and the digest for those who are not in Slack.

A mail whose sending ended without an answer is sent again with the same Message-ID (RFC 5322, 3.6.4), so that the
receiver's program shows it once.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
import time
from collections.abc import Mapping
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from monitor.telling import (
    GoneError,
    NotSentError,
    Posted,
    RefusedError,
    Sought,
    Told,
    UnclearError,
    subject,
    text,
)
from monitor.telling.text import cut

TIMEOUT = 20.0
"""Seconds that the server may take for one answer; some look through a mail before they take it."""

LIMIT = 25.0
"""Seconds for the whole conversation: nothing is handed over later, when delivery may already be trying again."""

PORTS = {"smtp": 587, "smtp+starttls": 587, "smtps": 465}
SPELLING = "write it as smtp://user:password@host:587, with %XX for special characters in the password"
TROUBLES = (OSError, ValueError, smtplib.SMTPException)


class MailOutlet:
    """Mails through one server.

    `smtp` is `smtps://user:password@host` (TLS from the start), `smtp+starttls://…`, or `smtp://…`, which turns to TLS
    where the server offers it and insists on it where a password is to be sent to another machine.
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

    def _send(self, mail: Message) -> None:
        place = _place(self._smtp.get_secret_value())
        try:
            server = _open(place)
        except TROUBLES as e:
            raise _trouble(e, handed_over=False) from None
        try:
            server.send_message(mail)
        except TROUBLES as e:
            raise _trouble(e, handed_over=server.handed_over) from None
        finally:
            _leave(server)


# ---------------------------------------------------------------- the mail


def compose(sender: str, to: str, told: Told, key: str) -> Message:
    """The mail, in UTF-8 plain text. Raises RefusedError for an address that cannot be one.

    The subject is made of strangers' words. email.message.EmailMessage decodes a `=?utf-8?q?…?=` in a value that it is
    given, line breaks and all, and (before Python 3.11.10) writes them as they are: a header of the stranger's own.
    A `Header` encodes whatever it holds.
    """
    name, address = parseaddr(sender)
    mail = MIMEText(text(told).encode("utf-8", "replace").decode("utf-8"), "plain", "utf-8")
    mail["From"] = formataddr((name, _ascii(address)))
    mail["To"] = _ascii(to)
    mail["Subject"] = Header(cut(subject(told), 150), "utf-8", header_name="Subject")  # type: ignore[assignment]
    mail["Date"] = format_datetime(told.now)
    domain = _ascii(address).rpartition("@")[2]
    mail["Message-ID"] = f"<{sha256(f'{key} {to}'.encode()).hexdigest()[:32]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    return mail


def _ascii(address: str) -> str:
    """The address as every server takes it: a domain with other letters has an ASCII spelling (RFC 5890)."""
    local, _, domain = address.rpartition("@")
    try:
        local.encode("ascii")
        spelt = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        spelt = ""
    if not re.fullmatch(r"[^@\s,;:<>()\\\"]+@[^@\s,;:<>()\\\"]+", spelt) or not spelt.isprintable():
        raise RefusedError(f"{address!r} is no mail address that we can write to")
    return spelt


# ---------------------------------------------------------------- the server


class _Server(smtplib.SMTP):
    """Keeps to `LIMIT`, and remembers whether the mail itself has been handed over."""

    def __init__(self, host: str, port: int, **more: Any) -> None:
        self.ends_at = time.monotonic() + LIMIT
        self.handed_over = False
        super().__init__(host, port, timeout=TIMEOUT, **more)

    def getreply(self) -> tuple[int, bytes]:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.sock is not None:
            self.sock.settimeout(min(TIMEOUT, left))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.handed_over = True
        return super().data(msg)


class _Encrypted(_Server, smtplib.SMTP_SSL):
    """TLS from the start."""


def _place(address: str) -> SplitResult:
    try:
        place = urlsplit(address)
        # Behind an unescaped / ? or # the rest of the password would be taken for something else.
        rest = place.path.strip("/") + place.query + place.fragment
        known = place.scheme in PORTS and bool(place.hostname) and place.port != 0 and not rest
    except ValueError:
        known = False
    if not known:
        raise RefusedError(f"mail.smtp is no address of a mail server; {SPELLING}") from None
    return place


def _open(place: SplitResult) -> _Server:
    """A conversation in which a mail can be handed over."""
    host, port, context = place.hostname or "", place.port or PORTS[place.scheme], ssl.create_default_context()
    server = _Encrypted(host, port, context=context) if place.scheme == "smtps" else _Server(host, port)
    try:
        server.ehlo()
        if place.scheme != "smtps":
            _encrypt(server, context, insist=place.scheme == "smtp+starttls")
        if place.username:
            _log_in(server, unquote(place.username), unquote(place.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _encrypt(server: _Server, context: ssl.SSLContext, *, insist: bool) -> None:
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif insist:
        raise RefusedError("the mail server offers no STARTTLS, which mail.smtp asks for")


def _log_in(server: _Server, user: str, password: str) -> None:
    if not isinstance(server.sock, ssl.SSLSocket) and not _is_loopback(server):
        raise RefusedError("the mail server offers no TLS, and a password is not sent without")
    if not server.has_extn("auth"):
        raise RefusedError("the mail server takes no login; leave user and password out of mail.smtp")
    server.login(user, password)


def _is_loopback(server: _Server) -> bool:
    return server.sock is not None and ip_address(server.sock.getpeername()[0]).is_loopback


def _leave(server: _Server) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


# ---------------------------------------------------------------- what its answers mean


def _trouble(error: Exception, *, handed_over: bool) -> Exception:
    """What to do next. No words of the server's: it may repeat a password or a mail in its answer."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code = min((code for code, _ in error.recipients.values()), default=0)
            return _refusal(code, "refuses the receiver's address")
        case smtplib.SMTPSenderRefused():
            return _refusal(error.smtp_code, "refuses mail.from as the sender")
        case smtplib.SMTPAuthenticationError():
            return _refusal(error.smtp_code, "refuses the login; see to the user and password in mail.smtp")
        case smtplib.SMTPResponseException() if error.smtp_code >= 400 or not handed_over:
            return _refusal(error.smtp_code, "refuses the mail")
        case ssl.SSLCertVerificationError():
            return NotSentError(f"the mail server's certificate cannot be trusted: {error.verify_message}")
        case UnicodeError():
            return RefusedError("mail.smtp holds letters that no mail server understands in a user or password")
    if type(error) is smtplib.SMTPException:  # smtplib's word for: none of the ways to log in is one that it knows
        return RefusedError("the mail server knows no way of logging in that we know")
    if handed_over:
        return UnclearError(f"no answer from the mail server: {type(error).__name__}")
    return NotSentError(f"the mail server cannot be reached: {type(error).__name__}")


def _refusal(code: int, words: str) -> Exception:
    """RFC 5321, 4.2.1: 5yz is meant for good, 4yz for now (greylisting, a full disk)."""
    if code >= 500:
        return RefusedError(f"the mail server {words} ({code})")
    return NotSentError(f"the mail server {words} for now ({code})")
