"""The real matcher and the naive one agree, whatever is asked of whatever text."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from monitor.query import Document, Matcher, Query, QueryError, parse
from monitor.query.tree import And, Field, Near, Node, Not, Number, Or, Word
from tests.monitor.query.naive import match_naively, occurrences

KOREAN = (
    "루미",
    "크림",
    "신상",
    "가",
    "는",
    "에서",
    "이라고는",
    "입니다",
    "나리에",
    "미",
    "요",
    "들",
    "강남",
    "고",
    "은",
)
LATIN = ("lumi", "cream", "LUMI", "2", "_", "é", "'s", "i")
EAST_ASIAN = ("ルミ", "ア", "ー", "東京", "都", "が", "クリーム")
SIGNS = (" ", "  ", "\n", "#", "@", ".", "-", "ㅋㅋ", "👍", "!", "’")
DISGUISES = ("ｌｕｍｉ", "＃", "\u200b", "\ufeff", "\u3000", "ﾙﾐ", unicodedata.normalize("NFD", "루미가"), "lu\u200dmi")
PIECES = KOREAN + LATIN + EAST_ASIAN + SIGNS + DISGUISES

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WANTED = ("루미", "lumi", "크림", "cream", " ")

pieces = st.one_of(st.sampled_from(PIECES), st.sampled_from(WANTED))
texts = st.lists(pieces, max_size=16).map("".join)
plain_pieces = st.sampled_from((*KOREAN, *WANTED, "ㅋㅋ", "#", "@", ".", "2"))

names = st.sampled_from(
    ("루미", "크림", "신상루미", "lumi", "cream", "ルミ", "東京", "ㅋ", "👍", "c++", "강남", "미", "i")
)
phrases = st.sampled_from(
    ("루미 크림", "lumi cream", "lumi 크림", "루미cream", "루미는", "cream루미", "루미!", "'s", "-")
)
tags = st.sampled_from(("#lumi", "@lumi", "#루미", "@루미", "#", "@"))


@st.composite
def words(draw: st.DrawFn) -> Word:
    text = draw(st.one_of(names, phrases, tags))
    how = draw(st.sampled_from(("", "", "=", "*.", ".*", "**")))
    return Word(text, how == "=", how[:1] == "*", how[1:] == "*", draw(st.sampled_from((False, False, False, True))))


fields = st.one_of(
    st.builds(
        Field,
        st.just("author"),
        st.sampled_from(("lumi", "kim", "김 민지", "lumi_kr")),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(Field, st.just("site"), st.sampled_from(("naver.com", "blog.naver.com", "naver", "com")), st.booleans()),
    st.builds(Field, st.just("site"), st.sampled_from(("naver.", "blog", "na")), st.booleans(), st.just(True)),
    st.builds(Field, st.just("lang"), st.sampled_from(("ko", "en", "ko-kr", "und"))),
    st.builds(Field, st.just("kind"), st.sampled_from(("post", "review"))),
    st.builds(Field, st.sampled_from(("source", "platform")), st.sampled_from(("blogs", "lumi")), st.booleans()),
)
numbers = st.one_of(
    st.builds(
        Number, st.just("rating"), st.sampled_from(("<=", ">=", "=")), st.sampled_from((1.0, 2.0, 3.0, 4.5, 5.0))
    ),
    st.builds(
        Number, st.just("followers"), st.sampled_from(("<", "<=", ">", ">=", "=")), st.sampled_from((10.0, 999.0))
    ),
)
sides = st.lists(words(), min_size=1, max_size=3).map(tuple)
nears = st.builds(Near, sides, sides, st.integers(1, 4))
leaves = st.one_of(words(), words(), words(), nears, fields, numbers)


def joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return kind(tuple(flat))


def grown(smaller: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(smaller, min_size=2, max_size=4)
    return st.one_of(
        several.map(lambda parts: joined(And, parts)),
        several.map(lambda parts: joined(Or, parts)),
        smaller.map(lambda part: part.part if isinstance(part, Not) else Not(part)),
    )


nodes: st.SearchStrategy[Node] = st.recursive(leaves, grown, max_leaves=6)


def asked(node: Node) -> Query:
    """Together with a word that must occur, if nothing else must."""
    try:
        parse(str(Query(node, "")))
    except QueryError as error:
        assert "only says what must not occur" in error.message
        return Query(joined(And, [Word("루미"), node]), "")
    return Query(node, "")


queries = nodes.map(asked)

documents = st.builds(
    Document,
    text=texts,
    title=st.one_of(st.none(), texts),
    author_handle=st.sampled_from((None, "@Lumi", "lumi_kr", "kim@mastodon.social")),
    author_name=st.sampled_from((None, "김  민지", "LUMI", "ｋｉｍ")),
    language=st.sampled_from((None, "ko", "ko-KR", "en", "und")),
    site=st.sampled_from((None, "naver.com", "blog.naver.com", "mynaver.com", "naver.co.kr", "a.com.example")),
    kind=st.sampled_from((None, "post", "review")),
    source=st.sampled_from((None, "blogs", "lumi", "myblogs")),
    platform=st.sampled_from((None, "lumi", "mastodon")),
    rating=st.sampled_from((None, 0.0, 0.25, 0.5, 0.875, 1.0)),
    followers=st.sampled_from((None, 0, 10, 999, 1_000_000)),
)


@unhurried
@given(st.lists(queries, min_size=1, max_size=6), documents)
def test_all_topics_at_once_match_as_each_alone_does_naively(several: list[Query], document: Document) -> None:
    topics = {str(place): query for place, query in enumerate(several)}
    expected = {name for name, query in topics.items() if match_naively(query, document)}
    event(f"{len(expected)} of {len(topics)} hold")
    assert Matcher(topics).match(document) == expected


@unhurried
@given(words(), texts, texts)
def test_one_word_matches_as_it_does_naively(word: Word, before: str, after: str) -> None:
    text = before + word.text + after
    query = Query(word, "")
    held = match_naively(query, Document(text))
    event(f"holds: {held}")
    assert bool(Matcher({"x": query}).match(Document(text))) is held


@unhurried
@given(nears, st.lists(pieces, max_size=5), st.lists(pieces, max_size=8), st.booleans(), texts)
def test_nearness_matches_as_it_does_naively(
    near: Near, before: list[str], between: list[str], turned: bool, title: str
) -> None:
    first, second = (near.right, near.left) if turned else (near.left, near.right)
    text = " ".join((*before, first[0].text, *between, second[-1].text))
    query, document = Query(near, ""), Document(text, title)
    held = match_naively(query, document)
    event(f"holds: {held}")
    assert bool(Matcher({"x": query}).match(document)) is held


@unhurried
@given(words(), st.lists(plain_pieces, max_size=8), st.lists(plain_pieces, max_size=8))
def test_spans_are_where_the_naive_matcher_finds_the_word(word: Word, before: list[str], after: list[str]) -> None:
    text = " ".join(
        "".join((*before, word.text, *after)).split()
    )  # so that positions in the folded text are positions in this one
    expected = set[int]()
    if not word.title:
        for start, end in occurrences(word, text):
            expected.update(range(start, end))
    spans = Matcher({"x": Query(word, "")}).spans(Document(text), "x")
    assert {position for start, end in spans for position in range(start, end)} == expected
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@unhurried
@given(queries, documents)
def test_spans_stand_only_in_texts_that_match(query: Query, document: Document) -> None:
    matcher = Matcher({"x": query})
    for where, original in (("text", document.text), ("title", document.title or "")):
        spans = matcher.spans(document, "x", where)  # type: ignore[arg-type]
        assert not spans or matcher.match(document)
        assert all(0 <= start < end <= len(original) for start, end in spans)


@unhurried
@given(queries)
def test_the_canonical_spelling_says_the_same(query: Query) -> None:
    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)
