"""Every layout is one that Slack takes, whatever strangers wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.slack.layouts import blocks, escape, message
from monitor.telling import Told
from tests.blockkit import problems
from tests.cards import NOW, card, told

SEOUL = ZoneInfo("Asia/Seoul")
TRICKS = [
    "<!channel> <@U0LEAD> <#C0X|general> <https://evil.example|your bank> @here",
    "*bold* _it_ ~no~ `code` ```block``` > quote",
    "\u202egnp.exe\u202c \u200b\u200b\u200b",
    "&lt;!channel&gt; &amp;",
    "a" * 60_000,
    "줄\n" * 5_000,
    "e" + "\u0301" * 5_000,
    "👩‍👩‍👧‍👦" * 3_000,
    "",
    " \n\t ",
]
KINDS = ["mention", "summary", "stage", "note", "digest", "fallback"]


def make(kind: Any, language: str = "ko", **changes: Any) -> Told:
    note = {"title": changes.get("title", ""), "text": changes.get("text", ""), "why": changes.get("text", "")}
    note |= {"what": "blind", "source": "s", "way": "w", "since": NOW.isoformat(), "waiting": 3}
    count = 20 if kind in {"summary", "fallback"} else 1
    return Told(kind, language, SEOUL, NOW, tuple(card(**changes) for _ in range(count)), note=note, late_s=300)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_layout_holds_with_hostile_and_empty_values(kind: str, trick: str, language: str) -> None:
    text, made = message(
        make(
            kind,
            language,
            author_name=trick,
            author_handle=trick,
            title=trick,
            text=trick,
            url=f"https://x.example/{trick[:50]}",
            reply_url=trick,
            answered_url=trick,
            claimed_by=trick or None,
            closed_who=trick or None,
            reasons=(trick, trick),
        )
    )
    assert problems(text, made) == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=100), st.sampled_from(KINDS), st.none() | st.integers(0, 10**12))
def test_no_text_at_all_breaks_a_layout(words: str, name: str, kind: str, followers: int | None) -> None:
    text, made = message(make(kind, "en", text=words, author_name=name, followers=followers, url=words))
    assert problems(text, made) == []


@given(st.text())
def test_escaped_text_holds_nothing_that_slack_reads(words: str) -> None:
    found = escape(words)
    assert "<" not in found
    assert ">" not in found
    assert found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == words


def test_foreign_words_stand_in_elements_that_slack_does_not_interpret() -> None:
    made = blocks(told("mention", text="<!channel> hello"))
    assert "mrkdwn" not in str(made)
    assert {"type": "text", "text": "!channel> hello"} not in made
    assert "<!channel> hello" in str(made)  # as it was written, inside rich_text


def test_a_link_shows_its_host() -> None:
    assert "open on mastodon.example" in str(blocks(told("mention")))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a|b.example", "https://a>b", "", "http://[", "https://" + "a" * 5000]
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert "'link'" not in str(blocks(told("mention", url=url)))


def test_private_words_are_not_shown() -> None:
    text, made = message(told("mention", private=True))
    assert "환불" not in text + str(made)


def test_an_answered_mention_no_longer_asks_for_an_answer() -> None:
    made = str(blocks(told("mention", state="answered", replied_at=NOW, closed_who="lumi")))
    assert "Answer by" not in made
    assert "answered 15:10 by lumi" in made


def test_an_overdue_one_says_since_when_in_words() -> None:
    made = str(blocks(told("mention", state="overdue", due_at=NOW - timedelta(minutes=10))))
    assert "overdue since 15:00" in made


def test_a_digest_keeps_its_paragraphs() -> None:
    note = {"title": "Lumi: the week", "text": "one\ntwo\n\nthree"}
    made = blocks(Told("digest", "en", SEOUL, NOW, note=note))
    assert [b["type"] for b in made] == ["header", "section", "section"]
