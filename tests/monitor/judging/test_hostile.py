"""No text of any kind makes judging slow: what is counted is work, not seconds."""

import sys

import pytest

from monitor.judging import Text, judge
from monitor.judging.clean import HEAD, TAIL, clean
from monitor.judging.features import PIECE, UNITS, units

UNIT = {
    "words": "It was awful and late. ",
    "emoji": "😀",
    "but": "good but ",
    "no": "no good nor bad or ",
    "marks": "?",
    "letters": "a",
    "hangul": "가나다라 ",
    "one hangul word": "가",
    "han": "好",
    "thai": "ก",
    "combining": "e\u0301\u0327",
    "lines": "\n",
    "handles": "@a ",
    "links": "http://x ",
    "half a link": "http://",
    "hashtags": "#",
    "brackets": "{[(",
    "nul": "\0",
    "surrogate": "\ud800",
    "refund": "refund where is my order still no ",
    "spaced hangul": "환 불 해 주 세 요 ",
    "joiner": "a\u200d",
}


def steps(text: str) -> int:
    """Function calls of one verdict, C functions included."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        judge(Text(text))
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", UNIT.values(), ids=UNIT.keys())
def test_fifty_thousand_characters_cost_no_more_than_the_cap(unit):
    capped = (unit * 2_000)[: HEAD + TAIL]
    judge(Text(capped))  # the tables load at first use
    long = (unit * 50_000)[:50_000]
    judge(Text(long))
    assert steps(long) <= 2 * steps(capped) + 2_000


@pytest.mark.parametrize("unit", UNIT.values(), ids=UNIT.keys())
def test_twice_the_text_is_about_twice_the_work(unit):
    half, whole = (unit * 700)[:700], (unit * 1_400)[:1_400]
    for text in (half, whole):
        judge(Text(text))
    assert steps(whole) <= 3 * steps(half) + 1_000


@pytest.mark.parametrize("unit", UNIT.values(), ids=UNIT.keys())
def test_what_is_read_is_capped(unit):
    cleaned = clean(unit * 50_000, unit * 1_000)
    assert len(cleaned.text) <= HEAD + TAIL + 302
    for language in ("en", "ko", "th"):
        words = units(cleaned.lower, language)
        assert len(words) <= UNITS
        assert language != "th" or max(map(len, words), default=0) <= PIECE
