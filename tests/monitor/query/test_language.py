from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Kind
from monitor.query import FIELDS, KINDS, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Query, QueryError, parse
from monitor.query.tree import And, Field, Near, Node, Not, Number, Or, Word
from tests.monitor.query.counting import lines_run

lumi, cream, lamp = Word("lumi"), Word("cream"), Word("lamp")
루미, 크림 = Word("루미"), Word("크림")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("lumi", lumi),
        ("  LUMI\n", lumi),
        ("lumi AND cream", And((lumi, cream))),
        ("lumi cream", And((lumi, cream))),
        ("lumi OR 루미", Or((lumi, 루미))),
        ("lumi OR 루미 크림", Or((lumi, And((루미, 크림))))),
        ("(lumi OR 루미) 크림", And((Or((lumi, 루미)), 크림))),
        ("lumi NOT lamp", And((lumi, Not(lamp)))),
        ("lumi AND NOT lamp", And((lumi, Not(lamp)))),
        ("lumi -lamp", And((lumi, Not(lamp)))),
        ("lumi –lamp", And((lumi, Not(lamp)))),
        ('lumi -"lumi lamp"', And((lumi, Not(Word("lumi lamp"))))),
        ("lumi -(lamp OR 크림)", And((lumi, Not(Or((lamp, 크림)))))),
        ("NOT NOT lumi", lumi),
        ("lumi NOT (NOT cream)", And((lumi, cream))),
        ("lumi AND (cream AND (lamp))", And((lumi, cream, lamp))),
        ("e-mail", Word("e-mail")),
        ("c++ AT&T .net 10:30", And((Word("c++"), Word("at&t"), Word(".net"), Word("10:30")))),
        ('"Lumi   Lamp"', Word("lumi lamp")),
        ("“lumi lamp”", Word("lumi lamp")),
        ('"AND" AND "or"', And((Word("and"), Word("or")))),
        ("skin*", Word("skin", open_end=True)),
        ("*루미*", Word("루미", open_start=True, open_end=True)),
        ("*크림", Word("크림", open_start=True)),
        ("=루미", Word("루미", exact=True)),
        ('="루미 크림"', Word("루미 크림", exact=True)),
        ('"lumi l"*', Word("lumi l", open_end=True)),
        ('"\u0301" "_" "-"', And((Word("\u0301"), Word("_"), Word("-")))),
        ("#lumi @lumi", And((Word("#lumi"), Word("@lumi")))),
        ("👍", Word("👍")),
        ("ㅋㅋ", Word("ㅋㅋ")),
        ("（ＬＵＭＩ　OR　루미）", Or((lumi, 루미))),
        ("lu\u200bmi\ufeff OR\u200b 루미", Or((lumi, 루미))),
        ("lumi NEAR/5 cream", Near((lumi,), (cream,), 5)),
        ('(lumi OR 루미) NEAR/2 "so bad"', Near((lumi, 루미), (Word("so bad"),), 2)),
        ("lumi NOT lumi NEAR/1 lamp", And((lumi, Not(Near((lumi,), (lamp,), 1))))),
        ('author:"김 민지"', Field("author", "김 민지")),
        ("author:@Kim", Field("author", "kim")),
        ('author:"@ Kim"', Field("author", "kim")),
        ("author:@@kim", Field("author", "kim")),
        ('author:"Kim, MJ,"', Field("author", "kim, mj,")),
        ("Author: kim*", Field("author", "kim", open_end=True)),
        ("lang:KO", Field("lang", "ko")),
        ("lang:zh_TW", Field("lang", "zh-tw")),
        ("lang:(ko OR en)", Or((Field("lang", "ko"), Field("lang", "en")))),
        ("site:naver.com", Field("site", "naver.com")),
        ("site:https://www.Naver.com:443/", Field("site", "naver.com")),
        ("site:*.naver.com", Field("site", "naver.com")),
        ("site:xn--3e0b707e", Field("site", "한국")),
        ("site:xn--xn--foo-", Field("site", "xn--xn--foo-")),
        ("kind:review", Field("kind", "review")),
        ("source:blogs platform:mastodon", And((Field("source", "blogs"), Field("platform", "mastodon")))),
        ("title:루미", Word("루미", title=True)),
        ('title:("lumi cream" OR =루미)', Or((Word("lumi cream", title=True), Word("루미", True, title=True)))),
        ("rating", Word("rating")),
        ("rating<3", Number("rating", "<", 3)),
        ("rating : <= 2.5", Number("rating", "<=", 2.5)),
        ("rating≥4", Number("rating", ">=", 4)),
        ("rating:3", Number("rating", "=", 3)),
        ("followers>=1,000", Number("followers", ">=", 1000)),
        ("followers>1.5k", Number("followers", ">", 1500)),
        ("followers>=1만", Number("followers", ">=", 10_000)),
    ],
)
def test_a_query_is_read_as_a_person_means_it(text: str, root: Node) -> None:
    query = parse(text)
    assert query.root == root
    assert query.source == text
    assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("(lumi", 0, "never closed"),
        ("lumi AND (cream OR (루미)", 9, "never closed"),
        ("lumi)", 4, "no opening"),
        (")", 0, "no opening"),
        ("lumi ()", 5, "empty"),
        ("lumi (", 5, "never closed"),
        ("lumi AND", 5, "AND needs something after it"),
        ("lumi OR (AND cream)", 9, "AND needs something before it"),
        ("AND lumi", 0, "AND needs something before it"),
        ("lumi OR OR cream", 5, "OR needs something after it"),
        ("lumi NOT", 5, "NOT needs something after it"),
        ("NOT lumi", 0, "only says what must not occur"),
        ("-lumi -cream", 0, "only says what must not occur"),
        ("lumi OR NOT cream", 0, "One part of this OR"),
        ("NOT (lumi cream)", 0, "only says what must not occur"),
        ('lumi ""', 5, "nothing between these quotation marks"),
        ('"\u200b "', 0, "nothing between these quotation marks"),
        ('lumi "lamp', 5, "never closed"),
        ("lumi or cream", 5, "Write OR in capitals"),
        ("lumi Not cream", 5, "Write NOT in capitals"),
        ("lumi near/5 cream", 5, "Write NEAR/5 in capitals"),
        ("lumi NEAR cream", 5, "distance in words from 1 to 100"),
        ("lumi NEAR/0 cream", 5, "distance in words from 1 to 100"),
        ("lumi NEAR/101 cream", 5, "distance in words from 1 to 100"),
        ("lumi NEAR/ 5 cream", 5, "distance in words from 1 to 100"),
        ("lumi NEAR/5", 5, "NEAR/5 needs something after it"),
        ("NEAR/5 lumi", 0, "NEAR needs something before it"),
        ("lumi NEAR/5 (cream lamp)", 12, "words joined by OR"),
        ("lang:ko NEAR/5 lumi", 0, "words joined by OR"),
        ("lumi NEAR/5 -cream", 12, "minus cannot stand here"),
        ("lumi NEAR/5 cream NEAR/5 lamp", 18, "NEAR joins two words"),
        ("lumi autor:kim", 5, "Did you mean author:?"),
        ("작성자:kim", 0, "Did you mean author:?"),
        ("stars<3", 0, "Did you mean rating<?"),
        ("xyz:lumi", 0, "There are: author, lang"),
        ("https://lumi.example/a", 0, "Put a whole address in quotation marks"),
        ("author:", 0, 'author:@kim or author:"김 민지"'),
        ("author: AND lumi", 0, "has no value"),
        ("author:@", 7, "has no value"),
        ("author:=kim", 7, "always exact"),
        ("author:kim, lumi", 7, "author:(a OR b)"),
        ("author:(lang:ko)", 8, "inside author:"),
        ("lang=ko", 0, "Write lang: instead of lang="),
        ("lang:korean", 5, "lang:ko"),
        ("lang:kr", 5, "lang:ko"),
        ("lang:klingonisch", 5, "two letters"),
        ("kind:reviews", 5, "Did you mean kind:review?"),
        ("kind:zzz", 5, "There are: post, comment"),
        ("site:naver.com/lumi", 5, "without anything behind it"),
        ("rating<0", 6, "stars from 1 to 5"),
        ("rating>5", 6, "stars from 1 to 5"),
        ("rating<bad", 6, "Write it like this: rating<=2"),
        ("followers>", 9, "compared with a number"),
        ("followers<0", 9, "Nobody has"),
        ("lumi, cream", 0, "Commas"),
        ("lumi|cream", 0, "instead of |"),
        ("lumi & cream", 5, "quotation marks"),
        ("+lumi", 0, "Leave out the +"),
        ("!lumi", 0, "Write NOT"),
        ('"lumi lamp"~5', 11, "NEAR/5"),
        ("'lumi lamp'", 0, "double quotation marks"),
        ("=lumi*", 0, "Keep one of the two"),
        ("sk*n", 0, "only at the start or at the end"),
        ("lumi *", 5, "directly at a word"),
        ("lumi - lamp", 5, "directly before one word"),
        ("lumi --lamp", 5, "directly before one word"),
        ("title:-lumi", 6, "minus cannot stand here"),
        ("==lumi", 0, "One = sign"),
    ],
)
def test_a_mistake_is_named_where_it_is_with_a_way_to_mend_it(text: str, position: int, words: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(text)
    assert words in raised.value.message
    assert raised.value.position == position
    assert str(raised.value) == raised.value.message


def test_a_query_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert parse("a" * MAX_LENGTH)
    with pytest.raises(QueryError, match="5,001 characters"):
        parse("a" * (MAX_LENGTH + 1))


def test_a_query_may_have_as_many_words_as_the_limit_and_no_more() -> None:
    assert parse(" ".join("a" * MAX_TERMS))
    with pytest.raises(QueryError, match="more than 2,000 words") as raised:
        parse(" ".join("a" * (MAX_TERMS + 1)))
    assert raised.value.position == 2 * MAX_TERMS


def test_parentheses_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    assert parse("(" * MAX_DEPTH + "lumi" + ")" * MAX_DEPTH).root == lumi
    with pytest.raises(QueryError, match="more than 50 deep"):
        parse("(" * (MAX_DEPTH + 1) + "lumi" + ")" * (MAX_DEPTH + 1))


def test_parentheses_side_by_side_are_not_deep() -> None:
    assert parse("(lumi) " * (MAX_DEPTH + 1))


def test_the_deepest_query_survives_its_canonical_spelling() -> None:
    text = "a"
    for _ in range(MAX_DEPTH):
        text = f"b (c OR d {text})"
    query = parse(text)
    assert parse(str(query)) == query


def test_the_canonical_spelling_shows_what_binds_to_what() -> None:
    assert str(parse("lumi OR 루미 크림 -lamp")) == "lumi OR (루미 AND 크림 AND NOT lamp)"


def test_many_nots_in_a_row_are_no_trouble() -> None:
    assert parse("NOT " * 1000 + "lumi").root == lumi


def test_queries_are_equal_when_they_say_the_same() -> None:
    assert parse("ＬＵＭＩ -lamp") == parse('"lumi" AND NOT (LAMP)')
    assert parse("lumi") != parse("=lumi")


def test_the_values_of_a_field_can_be_checked_against_what_there_is() -> None:
    query = parse("lumi (source:blogs OR source:shop*) NOT source:News")
    assert query.values("source") == {"blogs", "news"}
    assert query.values("platform") == frozenset()


def test_every_field_that_the_messages_name_can_be_asked() -> None:
    for name in FIELDS:
        value = {"rating": "<2", "followers": ">2", "lang": ":ko", "kind": ":post"}.get(name, ":lumi")
        assert parse(f"{name}{value}")


def test_kinds_are_those_that_connectors_know() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}


SIGNS = "AND OR NOT NEAR/3 NEAR ( ) = * : < ≤ 5 - 만 1 . , “ （ ＊ ＂ ／ ｌ İ ß"
WORDS = "lumi 루미 author: title: site: lang: rating followers> ko naver.com xn--a"
soup = st.lists(
    st.one_of(
        st.sampled_from(SIGNS.split()),
        st.sampled_from(WORDS.split()),
        st.sampled_from(('"', " ", "\n", "\u200b", "\ud800", "\x00")),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)
fuzz = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def understood(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError as error:
        assert error.message
        assert 0 <= error.position <= len(text)
        return None


@fuzz
@given(st.one_of(soup, st.text()))
def test_any_text_is_a_query_or_a_mistake_that_is_explained(text: str) -> None:
    query = understood(text)
    if query is not None:
        assert parse(str(query)) == query


PIECES = ("a ", "(", "(a OR ", "NOT ", "-", "a:", "aaaaaaa", "=", "*", '"', "NEAR/5 ", " ", "site:xn--a. ", "rating<")


@pytest.mark.parametrize("piece", PIECES)
def test_reading_takes_steps_in_proportion_to_the_length(piece: str) -> None:
    texts = [piece * (length // len(piece)) for length in (MAX_LENGTH // 2, MAX_LENGTH)]
    half, whole = (lines_run(partial(understood, text)) for text in texts)
    assert whole <= 2.2 * half + 200
