"""What people are told: in two languages, about hostile text, about what is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from monitor.telling import Card, Told, change, subject, text
from monitor.telling.text import GRAPHEME, Words, cut, line, quoted, safe
from tests.cards import NOW, card, told

ROOT = Path(__file__).resolve().parents[2]
SEOUL = ZoneInfo("Asia/Seoul")


# ---------------------------------------------------------------- catalogues


@pytest.mark.parametrize(
    ("domain", "folders"), [("monitor", ("monitor/telling", "monitor/slack")), ("digest", ("monitor/digest",))]
)
def test_every_word_has_its_korean_and_no_korean_is_left_over(domain: str, folders: tuple[str, ...]) -> None:
    keywords = {"words": None, "self": None, "many": (1, 2), "ngettext": (1, 2)}
    used = set()
    for folder in folders:
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, keywords=keywords):
            used.add(message if isinstance(message, str) else message[0])
    with (ROOT / f"monitor/locale/ko/LC_MESSAGES/{domain}.po").open("rb") as file:
        catalogue = [m for m in read_po(file) if m.id]
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue}
    assert used == known
    for message in catalogue:
        said = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(said), message.id
        names = {n for i in ([message.id] if isinstance(message.id, str) else message.id) for n in fields(i)}
        assert all(fields(s) <= names for s in said), message.id


def fields(pattern: str) -> set[str]:
    from string import Formatter

    return {name for _, name, _, _ in Formatter().parse(pattern) if name}


# ---------------------------------------------------------------- messages


def test_an_alert_in_english() -> None:
    assert text(told("mention")) == (
        "하루 (haru) · 1.2K followers · wrote 2 times before\n"
        "post on Mastodon · high priority · tone: negative · Korean\n"
        "> 크림이 새서 왔어요. 환불 되나요?\n"
        "Why: asks a question, reports a problem\n"
        "Answer by 15:40 · waiting for an answer\n"
        "https://mastodon.example/@haru/1"
    )


def test_an_alert_in_korean() -> None:
    assert text(replace(told("mention", reasons=("질문이 담겨 있음",)), language="ko")) == (
        "하루 (haru) · 팔로워 1.2천명 · 이전에 2번 작성\n"
        "Mastodon 게시물 · 우선순위 높음 · 어조: 부정 · 한국어\n"
        "> 크림이 새서 왔어요. 환불 되나요?\n"
        "이유: 질문이 담겨 있음\n"
        "답변 기한 15:40 · 답변 대기 중\n"
        "https://mastodon.example/@haru/1"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"followers": None}, "followers unknown"),
        ({"followers": 1}, "1 follower ·"),
        ({"vip": True}, "VIP"),
        ({"earlier": 1}, "wrote once before"),
        ({"label": "unknown"}, "tone: unknown"),
        ({"rating": 0.25}, "2 of 5 stars"),
        ({"private": True}, "(the text is not shown here)"),
        ({"deleted": True}, "deleted by its author"),
        ({"state": "overdue", "due_at": NOW - timedelta(minutes=5)}, "overdue since 15:05"),
        ({"claimed_by": "mina"}, "taken by mina"),
        ({"window_ends_at": NOW + timedelta(days=1)}, "the platform takes answers until tomorrow 15:10"),
        ({"found_at": NOW, "published_at": NOW - timedelta(hours=2, minutes=5)}, "found 2 h 5 min late"),
        ({"due_at": NOW + timedelta(days=3)}, "Answer by Sat 28 Nov 15:10"),
        (
            {"state": "answered", "replied_at": NOW, "closed_who": "lumi", "took_counted_s": 1800, "took_wall_s": 5400},
            "answered 15:10 by lumi, after 30 min of team time (1 h 30 min on the wall)",
        ),
        (
            {"state": "answered", "replied_at": NOW, "took_counted_s": 60, "took_wall_s": 60},
            "answered 15:10, after 1 min",
        ),
        ({"state": "closed", "closed_who": "mina"}, "needs no reply (said mina)"),
    ],
)
def test_what_is_known_is_said_and_what_is_not_is_not_made_up(changes: dict[str, object], words: str) -> None:
    assert words in text(told("mention", **changes))


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(minutes=10), "Still waiting: answer by 15:20 (10 min left)"),
        (timedelta(0), "Due now and not answered"),
        (timedelta(minutes=-15), "Overdue: it was to be answered by 14:55 (15 min ago)"),
    ],
)
def test_a_stage_says_how_much_time_is_left(left: timedelta, words: str) -> None:
    assert text(told("stage", due_at=NOW + left)).startswith(words)


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ({"what": "blind", "error_class": "auth", "why": "HTTP 401", "since": (NOW - timedelta(hours=1)).isoformat()},
         "masto (search) cannot see since 14:10.\nThe login no longer works"),
        ({"what": "sees", "since": (NOW - timedelta(hours=1)).isoformat(), "until": NOW.isoformat()},
         "masto (search) sees again (blind from 14:10 to 15:10)."),
        ({"what": "baseline", "found": 12, "waiting": 1},
         "12 older mentions were kept. 1 still waits for an answer."),
        ({"what": "gap", "why": "more than 10,000 results"}, "may have missed something: more than 10,000 results"),
        ({"what": "test", "brand": "Lumi"}, "This is a test: alerts of Lumi arrive here."),
    ],
)  # fmt: skip
def test_notes_say_what_happened_and_what_to_do(note: dict[str, object], words: str) -> None:
    found = Told("note", "en", SEOUL, NOW, note={"source": "masto", "way": "search", **note})
    assert words in text(found)


def test_a_message_that_is_late_says_so() -> None:
    assert text(replace(told("mention"), late_s=600)).endswith("This message comes 10 min late.")


def test_a_title_that_the_text_repeats_is_said_once() -> None:
    found = quoted(card(title="크림이 새서", text="크림이 새서 왔어요."))
    assert found == "크림이 새서 왔어요."


def test_a_change_is_one_line_for_each_mention() -> None:
    assert change(told("mention", state="overdue", due_at=NOW)) == (
        "[overdue since 15:10] 하루 (haru): 크림이 새서 왔어요. 환불 되나요?"
    )


# ---------------------------------------------------------------- hostile text

HOSTILE = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\u202e\u200b\u200d\u0301\x1b\x07\r\n<!channel>&*_~`|@#"),
    max_size=300,
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_that_strangers_write_turns_hides_or_commands(name: str, title: str, words: str) -> None:
    found = text(told("mention", author_name=name, title=title, text=words))
    assert not {"\u202e", "\u200b", "\x1b", "\x07", "\r"} & set(found)
    assert "\n" not in subject(told("mention", author_name=name, title=title, text=words))


@given(st.text(st.sampled_from("가a👍🏽👨‍👩‍👧é \u0301\u200d"), max_size=200), st.integers(1, 50))
def test_a_cut_never_splits_a_character(words: str, length: int) -> None:
    found = cut(words, length).removesuffix("…")
    graphemes = GRAPHEME.findall(words)
    assert len(GRAPHEME.findall(found)) <= length
    assert words.startswith(found)
    assert "".join(graphemes[: len(GRAPHEME.findall(found))]) == found or found == found.rstrip()


def test_a_flood_of_marks_is_one_short_character() -> None:
    assert len(safe("a" + "\u0301" * 10_000)) <= 12


def test_five_thousand_lines_are_a_few() -> None:
    found = text(told("mention", text="루미\n" * 5_000))
    assert found.count("\n") < 25


def test_one_line_is_one_line() -> None:
    assert line(" a\n\tb\u2028c ") == "a b c"


def test_lengths_of_time_in_words() -> None:
    english, korean = Words("en", SEOUL, NOW), Words("ko", SEOUL, NOW)
    table = {10: "less than a minute", 60: "1 min", 3660: "1 h 1 min", 7200: "2 h", 90_000: "1 d 1 h"}
    assert {s: english.length(s) for s in table} == table
    assert [korean.length(s) for s in (10, 3660, 90_000)] == ["1분 미만", "1시간 1분", "1일 1시간"]


def test_moments_are_told_by_the_day_of_the_team() -> None:
    words = Words("en", SEOUL, datetime(2026, 11, 25, 14, 50, tzinfo=UTC))  # 23:50 in Seoul
    assert words.at(datetime(2026, 11, 25, 15, 10, tzinfo=UTC)) == "tomorrow 00:10"


def test_a_summary_lists_every_mention() -> None:
    cards = tuple(card(author_handle=f"h{i}", author_name="") for i in range(20))
    found = text(Told("summary", "en", SEOUL, NOW, cards, note={"why": "opening"}))
    assert found.startswith("20 mentions wait since you left\n")
    assert all(f"h{i} ·" in found for i in range(20))


def test_the_values_are_frozen() -> None:
    assert isinstance(card(), Card)
    with pytest.raises(AttributeError):
        card().text = "x"  # type: ignore[misc]
