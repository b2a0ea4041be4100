"""Tables: packing, files, and that one look-up serves several tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judging import linear
from monitor.judging.features import units

SMALL = st.integers(-4_000_000, 4_000_000)


@given(SMALL, SMALL)
def test_packed_weights_come_back(first, second):
    assert linear.unpack(linear.pack(first, second)) == (first, second)


def about(bias: tuple[float, float] = (0.5, -0.5)) -> dict[str, object]:
    return {"bias": list(bias), "scale": 0.1, "extras": {}}


def test_a_written_table_reads_back_and_is_the_same_bytes_each_time():
    weights = {"^a$": (3, -4), "b": (-100, 100), "a b": (1, 0)}
    data = linear.write(about(), weights)
    assert data == linear.write(about(), dict(reversed(weights.items())))
    assert {f: linear.unpack(w) for f, w in linear.read(data).weights.items()} == weights


@given(st.lists(st.sampled_from(["good", "bad", "the", "not"]), min_size=1, max_size=12))
def test_tables_side_by_side_say_what_each_says_alone(words):
    one = linear.read(linear.write(about(), {"^good$": (9, -7), "^bad$": (-5, 8), "not good": (-90, 70), "o": (1, -1)}))
    two = linear.read(linear.write(about((0.0, 1.0)), {"^bad$": (50, -60), "d": (-2, 3), "not good": (4, 4)}))
    both = linear.Lexis({"tone": one, "needs": two}, "en")
    for name, table in (("tone", one), ("needs", two)):
        alone = linear.Lexis({name: table}, "en")
        here, there = both.sum(name, both.read(words)), alone.sum(name, alone.read(words))
        assert (here.first, here.second) == pytest.approx((there.first, there.second))


def test_every_shipped_table_says_where_it_comes_from():
    for language in ("en", "ko", "th", "ja", "zh", "es", "de", "fr", "pt", "it", "id"):
        lexis = linear.lexis(language)
        assert "tone" in lexis
    acts = linear.table_file("acts", "ko")
    assert linear.read(acts).about["licence"] == "CC BY-SA 4.0"


def test_a_korean_question_without_a_mark_is_one():
    lexis = linear.lexis("ko")
    question, _ = lexis.odds("acts", lexis.read(units("이거 언제쯤 다시 살 수 있는지", "ko")))
    statement, _ = lexis.odds("acts", lexis.read(units("어제 새로 나온 걸로 하나 샀어", "ko")))
    assert question > 0 > statement


def test_a_part_of_a_text_weighs_what_it_weighs_alone():
    lexis = linear.lexis("ko")
    words = units("배송이 늦어요 언제쯤 받을 수 있는지 궁금해요 부탁드려요", "ko")
    whole = lexis.read(words)
    for name in ("tone", "needs", "acts", "asks", "noise"):
        for begin, end in ((0, 2), (2, 5), (1, 7), (0, len(words))):
            assert lexis.odds_between(name, whole, begin, end) == pytest.approx(
                lexis.odds(name, lexis.read(words[begin:end]))
            )
