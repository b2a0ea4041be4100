"""`monitor judge`: lines in, JSON lines out."""

import io
import itertools
import json

import pytest

from monitor.judging import LABELS, PRIORITIES, JudgingRules
from monitor.judging.lines import LONGEST, judge_lines, read_line, read_lines


def answers(*lines: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in judge_lines(lines)]


def test_each_line_gives_one_line_in_order():
    lines = ["Where is my order?", "", '{"text": "배송 언제 와요", "channel": "direct"}', "{broken", "[1, 2]"]
    found = answers(*lines)
    assert [a["language"] for a in found[:3]] == ["en", "und", "ko"]
    assert len(found) == len(lines)
    for answer in found:
        assert answer["label"] in LABELS
        assert answer["priority"] in PRIORITIES
        assert isinstance(answer["intent"], list)
        assert isinstance(answer["needs_reply"], bool) and isinstance(answer["urgent"], bool)
        assert 0 <= answer["needs_reply_score"] <= 1
        assert {"decides", "name", "weight", "evidence", "ko", "en"} == set(answer["reasons"][0])


def test_an_endless_stream_is_answered_line_by_line():
    endless = judge_lines(itertools.repeat("hello there, is anybody in?"))
    assert len(list(itertools.islice(endless, 3))) == 3


@pytest.mark.parametrize(
    "line",
    [
        "\0\0\0",
        "\ud800 help",
        '{"text": 5}',
        '{"text": "x", "rating": NaN, "author_followers": -3, "channel": ["direct"], "language": 7}',
        '{"text": "x", "rating": 1e999, "author_followers": 1e308}',
        '{"text": "x", "author_followers": ' + "9" * 5000 + "}",
        "{" * 100_000,
        '{"text": ' + "[" * 100_000,
        '{"text": "\\ud800"}',
        "a" * 300_000,
        "\u2028\u2029\x85",
    ],
)
def test_a_hostile_line_gives_one_valid_line(line):
    (answer,) = judge_lines([line])
    assert len(answer.splitlines()) == 1
    json.loads(answer.encode("utf-8"))


def test_fields_of_the_wrong_type_count_as_not_given():
    mention, context = read_line(
        '{"text": "x", "rating": true, "author_followers": "many", "vip": 1, "channel": "sms"}'
    )
    assert (mention.rating, mention.channel, context.reach, context.vip) == (None, "third_party", None, False)


def test_the_fields_that_are_given_count():
    mention, context = read_line(
        '{"text": "x", "title": "t", "language": "ko", "channel": "review", "rating": 0.25, "author_followers": 12000}'
    )
    assert (mention.title, mention.language, mention.channel, mention.rating) == ("t", "ko", "review", 0.25)
    assert context.reach == 12_000


def test_bytes_are_read_in_constant_memory_and_bad_ones_replaced():
    stream = io.BytesIO(b"\xef\xbb\xbffirst\r\n" + b"x" * (3 * LONGEST) + b"\n\xff\xfe\nlast")
    lines = list(read_lines(stream))
    assert lines[0] == "first"
    assert len(lines[1]) == LONGEST
    assert lines[2:] == ["\ufffd\ufffd", "last"]


def test_the_operators_rules_hold():
    rules = JudgingRules(urgent={"spill": ("coolant",)}, languages=frozenset({"ko"}))
    answer = json.loads(next(judge_lines(["there is coolant on the floor of your store"], rules)))
    assert (answer["urgent"], answer["urgency"], answer["label"]) == (True, "spill", "unknown")
