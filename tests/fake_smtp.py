"""A mail server on loopback, in a thread: it takes mails, or refuses them where a test says so.

with FakeSmtp(Answers(rcpt="550 no such box")) as server: ... f"smtp://127.0.0.1:{server.port}"
"""

from __future__ import annotations

import base64
import contextlib
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Answers:
    """What the server says, and where it ends the conversation or falls silent.

    Both moments are a command, "connect", or "taken": the mail is kept, the answer is lost.
    """

    greeting: str = "220 fake.example ESMTP"
    mail: str = "250 ok"
    rcpt: str = "250 ok"
    data: str = "354 go on"
    taken: str = "250 taken"
    login: str = "235 welcome"
    offers: tuple[str, ...] = ()  # more lines of EHLO's answer, for example "AUTH PLAIN"
    tls: ssl.SSLContext | None = None
    encrypted: bool = False  # from the first byte, instead of STARTTLS
    drops_at: str = ""
    silent_at: str = ""


@dataclass
class Taken:
    """A mail as it arrived."""

    sender: str
    receivers: list[str]
    data: bytes
    encrypted: bool

    @property
    def read(self) -> EmailMessage:
        found = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def words(self) -> str:
        return str(self.read.get_content()).replace("\r\n", "\n")


@dataclass
class FakeSmtp:
    answers: Answers = field(default_factory=Answers)
    mails: list[Taken] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # every command that came, as it came
    logins: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> FakeSmtp:
        self._server = _Server(("127.0.0.1", 0), _conversation(self))
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is part of the play."""


class _Gone(Exception):
    """The conversation is over."""


def _conversation(server: FakeSmtp) -> type[StreamRequestHandler]:
    answers = server.answers

    class Conversation(StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(_Gone, OSError):
                if answers.encrypted:
                    self._encrypt()
                self._reach("connect")
                self._say(answers.greeting)
                while line := self.rfile.readline():
                    words = line.decode("utf-8").rstrip("\r\n")
                    server.said.append(words)
                    verb = words.split(" ")[0].upper()
                    self._reach(verb)
                    getattr(self, f"_{verb.lower()}", self._unknown)(words)

        def finish(self) -> None:
            with contextlib.suppress(OSError):
                super().finish()
            self.connection.close()

        def _encrypt(self) -> None:
            assert answers.tls is not None
            self.connection = answers.tls.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

        @property
        def _is_encrypted(self) -> bool:
            return isinstance(self.connection, ssl.SSLSocket)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def _reach(self, moment: str) -> None:
            if answers.silent_at == moment:
                self.rfile.read()  # until the client has had enough
            if moment in {answers.drops_at, answers.silent_at}:
                raise _Gone

        # -------------------------------------------------------- commands

        def _ehlo(self, _: str) -> None:
            starttls = ("STARTTLS",) if answers.tls and not self._is_encrypted else ()
            lines = ("fake.example", *answers.offers, *starttls)
            for line in lines[:-1]:
                self._say(f"250-{line}")
            self._say(f"250 {lines[-1]}")

        def _starttls(self, _: str) -> None:
            self._say("220 go on")
            self._encrypt()

        def _auth(self, words: str) -> None:
            _, mechanism, *first = words.split(" ")
            if mechanism.upper() == "PLAIN":
                _, user, password = base64.b64decode(first[0]).decode("utf-8").split("\0")
            else:
                user = base64.b64decode(first[0]).decode("utf-8")
                self._say("334 UGFzc3dvcmQ6")
                password = base64.b64decode(self.rfile.readline()).decode("utf-8")
            server.logins.append((user, password))
            self._say(answers.login)

        def _mail(self, words: str) -> None:
            self.sender, self.receivers = _address(words), list[str]()
            self._say(answers.mail)

        def _rcpt(self, words: str) -> None:
            if answers.rcpt.startswith("2"):
                self.receivers.append(_address(words))
            self._say(answers.rcpt)

        def _data(self, _: str) -> None:
            self._say(answers.data)
            if not answers.data.startswith("3"):
                return
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                if not line:
                    raise _Gone
                lines.append(line[1:] if line.startswith(b".") else line)
            if answers.taken.startswith("2"):
                server.mails.append(Taken(self.sender, self.receivers, b"".join(lines), self._is_encrypted))
            self._reach("taken")
            self._say(answers.taken)

        def _rset(self, _: str) -> None:
            self._say("250 ok")

        def _quit(self, _: str) -> None:
            self._say("221 bye")
            raise _Gone

        def _unknown(self, _: str) -> None:
            self._say("502 unknown")

    return Conversation


def _address(words: str) -> str:
    return words.partition("<")[2].partition(">")[0]


def self_signed(folder: Path, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the certificate's file for those who want to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file
