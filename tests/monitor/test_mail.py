"""Mails, to a server that answers as mail servers do when things go well, and when they do not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

import monitor.mail
from monitor.mail import MailOutlet, compose
from monitor.telling import GoneError, NotSentError, Posted, RefusedError, Sought, Told, UnclearError, subject, text
from tests.cards import NOW, told
from tests.fake_smtp import Answers, FakeSmtp, Taken, self_signed

pytestmark = pytest.mark.anyio

SENDER = "Lumi 알림 <mentions@lumi.example>"
TO = "ops@lumi.example"
PASSWORD = "p@ss/w:rd#1"
ESCAPED = "p%40ss%2Fw%3Ard%231"
KOREAN = replace(told("mention"), language="ko")


@pytest.fixture
def server() -> Iterator[FakeSmtp]:
    with FakeSmtp() as made:
        yield made


def outlet(server: FakeSmtp, *, scheme: str = "smtp", login: str = "") -> MailOutlet:
    return MailOutlet(SecretStr(f"{scheme}://{login}127.0.0.1:{server.port}"), SENDER)


async def sent(server: FakeSmtp, what: Told = KOREAN, key: str = "fallback:1", **more: Any) -> Taken:
    assert await outlet(server, **more).post(TO, what, key, None) == Posted()
    return server.mails[-1]


# ---------------------------------------------------------------- what arrives


async def test_a_mail_arrives_with_korean_subject_and_text_as_they_were(server: FakeSmtp) -> None:
    mail = await sent(server)
    assert (mail.sender, mail.receivers) == ("mentions@lumi.example", [TO])
    assert mail.read["Subject"] == subject(KOREAN)
    assert "팔로워" in subject(KOREAN)
    assert mail.words.rstrip("\n") == text(KOREAN)
    assert "환불 되나요?" in mail.words
    assert mail.read["From"].addresses[0].display_name == "Lumi 알림"
    assert parsedate_to_datetime(mail.read["Date"]).astimezone(UTC) == NOW
    assert mail.read["Auto-Submitted"] == "auto-generated"
    assert mail.data.isascii(), "every server on the way can take it"
    assert max(map(len, mail.data.split(b"\r\n"))) <= 78


async def test_the_same_key_makes_the_same_message_id_and_another_key_or_receiver_another(server: FakeSmtp) -> None:
    first, again, other = [(await sent(server, key=key)).read["Message-ID"] for key in ("a", "a", "b")]
    await outlet(server).post("lead@lumi.example", KOREAN, "a", None)
    assert first == again
    assert len({first, other, server.mails[-1].read["Message-ID"]}) == 3
    assert first.endswith("@lumi.example>")


async def test_a_long_domain_leaves_the_message_id_whole(server: FakeSmtp) -> None:
    domain = "a" * 60 + ".example"
    out = MailOutlet(SecretStr(f"smtp://127.0.0.1:{server.port}"), f"Mention monitor <m@{domain}>")
    await out.post(TO, KOREAN, "a", None)
    assert headers(server.mails[0])["Message-ID"].strip().endswith(f"@{domain}>")


async def test_a_domain_in_korean_letters_is_written_in_the_letters_of_dns(server: FakeSmtp) -> None:
    await outlet(server).post("ops@루미.example", KOREAN, "a", None)
    assert server.mails[0].receivers == ["ops@xn--2s2b29c.example"]
    assert server.mails[0].data.isascii()


async def test_a_line_of_one_dot_does_not_end_the_mail(server: FakeSmtp) -> None:
    note = {"title": "t", "text": "one\n.\n..two\nRCPT TO:<evil@x.example>\nFrom here"}
    mail = await sent(server, Told("digest", "en", KOREAN.timezone, NOW, note=note))
    assert mail.words.rstrip("\n").split("\n") == ["t", *note["text"].split("\n")]
    assert not any("evil" in line for line in server.said)


# ---------------------------------------------------------------- strangers who would write our headers

INJECTIONS = [
    "a\r\nBcc: evil@x.example",
    "a\nBcc: evil@x.example\n\nhello",
    "a\u2028Bcc: evil@x.example",
    "=?utf-8?q?a=0d=0aBcc:_evil@x.example?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAeC5leGFtcGxl?= 안녕",
    "\x00\x07\x1b[31m",
    "=?utf-8?q?" + "=?utf-8?q?" * 200,
    "\ud800\udfff",
    "가" * 5000,
    " ",
]


def headers(mail: Taken) -> dict[str, str]:
    head = (
        (mail if isinstance(mail, bytes) else mail.data).replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii")
    )
    rows = head.replace("\n ", " ").replace("\n\t", " ").split("\n")
    return {name: value for name, _, value in (row.partition(": ") for row in rows)}


OURS = {
    "Content-Type",
    "MIME-Version",
    "Content-Transfer-Encoding",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
}


@pytest.mark.parametrize("trick", INJECTIONS)
async def test_no_words_of_strangers_make_a_header(server: FakeSmtp, trick: str) -> None:
    note = {"title": trick, "text": trick, "why": trick}
    for what in (
        told("mention", author_name=trick, author_handle=trick, title=trick, text=trick),
        Told("digest", "ko", KOREAN.timezone, NOW, note=note),
        Told("fallback", "ko", KOREAN.timezone, NOW, note=note),
    ):
        mail = await sent(server, what)
        assert set(headers(mail)) == OURS
        assert mail.receivers == [TO]
        assert "\n" not in mail.read["Subject"]
        assert b"\x1b" not in mail.data
        assert b"\x00" not in mail.data


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["ko", "en"]))
def test_whatever_a_title_says_the_subject_says_it_or_less(title: str, language: str) -> None:
    what = Told("digest", language, KOREAN.timezone, NOW, note={"title": f"루미: {title}", "text": ""})
    mail = Taken("", [], compose(SENDER, TO, what, "k").as_bytes(), encrypted=False)
    assert set(headers(mail)) == OURS
    whole = subject(what)
    assert len(mail.read["Subject"]) <= 800
    if len(whole) < 100:
        assert mail.read["Subject"] == whole


@pytest.mark.parametrize(
    "to",
    [
        "a@b.example\r\nBcc: evil@x.example",
        "a@b.example, evil@x.example",
        "<a@b.example>",
        "nobody",
        "@b",
        "김@b.example",
    ],
)
async def test_an_address_that_is_none_is_refused_before_anything_is_said(server: FakeSmtp, to: str) -> None:
    with pytest.raises(RefusedError, match="no mail address"):
        await outlet(server).post(to, KOREAN, "a", None)
    assert server.said == []


# ---------------------------------------------------------------- what the server may answer


@pytest.mark.parametrize(
    ("answers", "raised", "words"),
    [
        (Answers(rcpt="550 no such box"), RefusedError, "receiver's address"),
        (Answers(rcpt="451 greylisted"), NotSentError, "for now"),
        (Answers(rcpt="421 too busy"), NotSentError, "for now"),
        (Answers(mail="553 not yours"), RefusedError, "mail.from"),
        (Answers(mail="452 disk full"), NotSentError, "for now"),
        (Answers(data="554 no"), RefusedError, "refuses the mail"),
        (Answers(taken="554 looks like spam"), RefusedError, "refuses the mail"),
        (Answers(taken="451 try later"), NotSentError, "for now"),
        (Answers(greeting="554 not you"), RefusedError, "refuses the mail"),
        (Answers(greeting="421 too many of you"), NotSentError, "for now"),
        (Answers(taken="what?"), UnclearError, "no answer"),
        (Answers(drops_at="connect"), NotSentError, "cannot be reached"),
        (Answers(drops_at="EHLO"), NotSentError, "cannot be reached"),
        (Answers(drops_at="MAIL"), NotSentError, "cannot be reached"),
        (Answers(drops_at="RCPT"), NotSentError, "cannot be reached"),
    ],
)
async def test_an_answer_says_what_to_do_next(answers: Answers, raised: type[Exception], words: str) -> None:
    with FakeSmtp(answers) as server:
        with pytest.raises(raised, match=words):
            await outlet(server).post(TO, KOREAN, "a", None)
        if "what" not in answers.taken:
            assert server.mails == []


async def test_a_connection_lost_after_the_mail_is_unclear_and_the_repeat_can_be_known() -> None:
    with FakeSmtp(Answers(drops_at="taken")) as server:
        for _ in range(2):
            with pytest.raises(UnclearError):
                await outlet(server).post(TO, KOREAN, "a", None)
        first, second = (mail.read["Message-ID"] for mail in server.mails)
        assert first == second


async def test_a_connection_lost_after_the_answer_is_no_trouble() -> None:
    with FakeSmtp(Answers(drops_at="QUIT")) as server:
        await sent(server)
        assert len(server.mails) == 1


async def test_nobody_there_is_certainly_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NotSentError, match="ConnectionRefusedError"):
        await MailOutlet(SecretStr(f"smtp://127.0.0.1:{port}"), SENDER).post(TO, KOREAN, "a", None)


@pytest.mark.parametrize(("moment", "limit", "raised"), [("connect", 0.2, NotSentError), ("taken", 1.5, UnclearError)])
async def test_a_server_that_falls_silent_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, moment: str, limit: float, raised: type[Exception]
) -> None:
    monkeypatch.setattr(monitor.mail, "LIMIT", limit)
    with FakeSmtp(Answers(silent_at=moment)) as server, pytest.raises(raised):
        await outlet(server).post(TO, KOREAN, "a", None)


# ---------------------------------------------------------------- logging in, and TLS

LOGIN = f"lumi%40lumi.example:{ESCAPED}@"


async def test_user_and_password_are_read_from_the_address() -> None:
    for way in ("PLAIN", "LOGIN"):
        with FakeSmtp(Answers(offers=(f"AUTH {way}",))) as server:
            await sent(server, login=LOGIN)
            assert server.logins == [("lumi@lumi.example", PASSWORD)]


@pytest.mark.parametrize(
    ("answers", "raised", "words"),
    [
        (Answers(offers=("AUTH PLAIN",), login="535 wrong"), RefusedError, "refuses the login"),
        (Answers(offers=("AUTH PLAIN",), login="454 later"), NotSentError, "for now"),
        (Answers(offers=("AUTH GSSAPI",)), RefusedError, "no way of logging in"),
        (Answers(), RefusedError, "takes no login"),
    ],
)
async def test_a_login_that_fails_says_why(answers: Answers, raised: type[Exception], words: str) -> None:
    with FakeSmtp(answers) as server:
        with pytest.raises(raised, match=words) as caught:
            await outlet(server, login=LOGIN).post(TO, KOREAN, "a", None)
        assert PASSWORD not in str(caught.value)
        assert server.mails == []


async def test_a_password_in_letters_beyond_ascii_is_a_mistake_and_no_outage() -> None:
    with FakeSmtp(Answers(offers=("AUTH PLAIN",))) as server, pytest.raises(RefusedError, match="letters"):
        await outlet(server, login="lumi:%EB%B9%84%EB%B0%80@").post(TO, KOREAN, "a", None)


async def test_no_password_goes_to_another_machine_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.mail, "_is_loopback", lambda _: False)
    with FakeSmtp(Answers(offers=("AUTH PLAIN",))) as server:
        with pytest.raises(RefusedError, match="no TLS"):
            await outlet(server, login=LOGIN).post(TO, KOREAN, "a", None)
        assert server.logins == []
        assert not any(line.startswith("AUTH") for line in server.said)


async def test_tls_that_was_asked_for_and_is_not_offered_is_refused(server: FakeSmtp) -> None:
    with pytest.raises(RefusedError, match="no STARTTLS"):
        await outlet(server, scheme="smtp+starttls").post(TO, KOREAN, "a", None)
    assert server.mails == []


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
async def test_a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_said(
    tmp_path: Path, scheme: str
) -> None:
    context, _ = self_signed(tmp_path)
    with FakeSmtp(Answers(tls=context, encrypted=scheme == "smtps", offers=("AUTH PLAIN",))) as server:
        with pytest.raises(NotSentError, match="certificate cannot be trusted: self-signed"):
            await outlet(server, scheme=scheme, login=LOGIN).post(TO, KOREAN, "a", None)
        assert (server.mails, server.logins) == ([], [])


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
async def test_with_a_certificate_that_is_trusted_the_mail_goes_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    context, certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeSmtp(Answers(tls=context, encrypted=scheme == "smtps", offers=("AUTH PLAIN",))) as server:
        assert (await sent(server, scheme=scheme, login=LOGIN)).encrypted
        assert server.logins == [("lumi@lumi.example", PASSWORD)]


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path, host="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeSmtp(Answers(tls=context)) as server:
        with pytest.raises(NotSentError, match="certificate"):
            await outlet(server).post(TO, KOREAN, "a", None)
        assert server.mails == []


# ---------------------------------------------------------------- the address of the server


@pytest.mark.parametrize(
    "smtp",
    [
        f"smtp://lumi:{PASSWORD}@mail.example",
        "smtp://lumi:secret@",
        "smtp://[::1",
        "smtps+starttls://lumi:secret@mail.example",
        "https://lumi:secret@mail.example",
        "",
    ],
)
async def test_an_address_that_is_none_is_said_without_the_password(smtp: str) -> None:
    with pytest.raises(RefusedError, match=r"mail\.smtp is no address") as caught:
        await MailOutlet(SecretStr(smtp), SENDER).post(TO, KOREAN, "a", None)
    assert "secret" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


def test_the_password_does_not_show_in_the_outlet() -> None:
    made = MailOutlet(SecretStr("smtp://lumi:secret@mail.example"), SENDER)
    assert "secret" not in f"{made!r} {vars(made)}"


async def test_a_mail_cannot_be_changed_or_looked_for() -> None:
    made = MailOutlet(SecretStr("smtp://mail.example"), SENDER)
    with pytest.raises(GoneError):
        await made.edit(Posted(), KOREAN)
    assert await made.find(TO, {"a": Sought(NOW)}) is None
