from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from monitor.query import Document, Matcher, Query, parse
from monitor.query.tree import Not, Word
from tests.monitor.query.counting import lines_run


def holds(query: str, text: str | Document) -> bool:
    document = text if isinstance(text, Document) else Document(text)
    return Matcher({"topic": parse(query)}).match(document) == {"topic"}


def marked(query: str, text: str) -> str:
    """The text with [brackets] around what is highlighted."""
    spans = Matcher({"topic": parse(query)}).spans(Document(text), "topic")
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


YES_AND_NO = {
    # Latin words stand alone; hashtags, handles, possessives and Korean neighbours leave them alone.
    "lumi": (
        [
            "Lumi!",
            "ＬＵＭＩ",
            "lu\u200bmi",
            "#lumi",
            "@lumi",
            "lumi's",
            "lumi가",
            "신상lumi",
            "lumi.example",
            "x/lumi?",
            "𝗹𝘂𝗺𝗶",
        ],
        ["illumination", "lumis", "lumi_official", "lumi2", "2lumi", "lum i", "lumí"],
    ),
    "skin*": (["skin", "skincare", "SKIN_2"], ["reskin"]),
    "*care": (["skincare", "care"], ["careful"]),
    "#lumi": (
        ["#lumi", "＃Lumi", "#lumi#cream", "#lumi는"],
        ["lumi", "@lumi", "#lumi_official", "#lumi크림"],
    ),
    "#루미": (["#루미", "#루미는 #크림"], ["루미", "#루미크림"]),
    "#루미*": (["#루미크림", "#루미"], ["루미크림"]),
    "@lumi": (
        ["@lumi", "hi @Lumi.", "안녕@lumi님", "@lumi@mastodon.social"],
        ["lumi", "#lumi", "help@lumi.example", "@lumi.official", "@lumi-kr", "@lumi_kr", "@lumikr"],
    ),
    "c++": (["I like C++!", "c++20"], ["c+"]),
    "👍": (["👍", "좋아요👍🏽"], ["👎"]),
    "ㅋㅋ": (["ㅋㅋㅋㅋ", "웃겨ㅋㅋ"], ["ㅋ"]),
    # Korean by default: where a word starts, or where it ends but for particles.
    "루미": (
        [
            "루미",
            "루미가",
            "루미에서는",
            "루미크림",
            "신상루미",
            "신상루미는",
            "루미나리에",
            "루미ㅋㅋ",
            "2루미",
            unicodedata.normalize("NFD", "루미는"),
        ],
        ["알루미늄", "일루미네이션", "신상루미크림", "루 미"],
    ),
    # The exact form: alone, or with particles and endings.
    "=루미": (
        [
            "루미",
            "루미가",
            "루미에서는",
            "루미이라고는",
            "루미입니다!",
            "루미인데요",
            "루미ㅠㅠ",
            "#루미",
            "(루미)",
            "루미는좋"[:3],
        ],
        ["루미나리에", "루미크림", "신상루미", "알루미늄", "루미아", "루미2", "lumi루미", "루미_공식", "루미은행"],
    ),
    "=lumi": (["lumi", "lumi가", "#lumi", "lumi은"], ["lumi크림", "신상lumi", "lumi2"]),
    "루미*": (["루미크림", "루미"], ["신상루미", "알루미늄"]),
    "*루미": (["신상루미", "신상루미는", "루미"], ["루미크림", "알루미늄"]),
    "*루미*": (["알루미늄", "신상루미크림"], ["루 미"]),
    "루미cream": (["루미cream", "신상루미Cream!", "루미cream을"], ["루미creams"]),
    "cream루미": (["cream루미는", "cream루미나"], ["icecream루미"]),
    # Scripts without spaces: anywhere; the exact form keeps a katakana or Chinese word whole.
    "ルミ": (["ルミが好き", "アルミ", "ﾙﾐ"], ["ル ミ"]),
    "=ルミ": (["ルミが好き", "私のルミ"], ["アルミ", "ルミナ"]),
    "=東京": (["東京が", "in 東京!"], ["東京都"]),
    "สวย": (["ครีมสวยมาก"], ["สว"]),
    # Phrases: words in this order, whatever the white space.
    '"lumi lamp"': (["a LUMI\n  lamp.", "lumi lamp를"], ["lumi lamps", "lumi-lamp", "lamp lumi", "lumi my lamp"]),
    '"루미 크림"': (["루미 크림이", "루미\u3000크림"], ["루미의 크림", "알루미 크림빵"]),
    # Nearness counts words, both ways.
    "lumi NEAR/1 cream": (["lumi cream", "cream lumi", "lumi, cream"], ["lumi my cream", "lumicream"]),
    "lumi NEAR/3 cream": (["lumi a b cream", "cream a b lumi"], ["lumi a b c cream"]),
    "루미 NEAR/2 크림": (["루미크림", "크림은 역시 루미가", "루미 그 크림"], ["루미 a b 크림", "루미"]),
    "(lumi OR 루미) NEAR/2 (bad OR 별로)": (
        ["루미 진짜 별로", "bad, bad lumi"],
        ["lumi 루미", "bad 별로", "lumi a b bad"],
    ),
    "lumi NEAR/5 lumi": (["lumi and lumi"], ["lumi"]),
    '"lumi cream" NEAR/2 bad': (["bad lumi cream", "lumi cream is bad"], ["bad a b lumi cream"]),
    # Logic.
    "lumi cream": (["cream and lumi"], ["lumi", "cream"]),
    "lumi OR cream": (["lumi", "cream"], ["lamp"]),
    "lumi NOT lamp": (["lumi"], ["lumi lamp", "lamp", ""]),
    "lumi (cream OR NOT lamp)": (["lumi", "lumi lamp cream"], ["lumi lamp", "cream"]),
    '(lumi OR 루미) AND (skin* OR 크림) NOT "lumi lamp"': (
        ["루미 크림 좋아요", "lumi skincare"],
        ["lumi", "루미 크림 lumi lamp"],
    ),
}


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        (q, text, wanted)
        for q, both in YES_AND_NO.items()
        for wanted, texts in zip((True, False), both, strict=True)
        for text in texts
    ],
)
def test_a_query_finds_what_people_mean_by_it(query: str, text: str, expected: bool) -> None:
    assert holds(query, text) is expected


BRAND = ("브랜드", "브랜드가", "브랜드는", "브랜드에서", "브랜드이랑", "브랜드입니다", "브랜드인데", "브랜드까지도")


@pytest.mark.parametrize("eojeol", BRAND)
def test_particles_do_not_hide_a_korean_word(eojeol: str) -> None:
    assert holds("브랜드", eojeol)
    assert holds("=브랜드", eojeol)


SOMEBODY = Document(
    "so so",
    title="Lumi 크림",
    author_handle="@Kim_MJ",
    author_name="김  민지",
    language="ko-KR",
    site="Blog.Naver.com",
    kind="review",
    source="shop-reviews",
    platform="cafe24",
    rating=0.25,
    followers=1000,
)


@pytest.mark.parametrize(
    "query",
    [
        "author:kim_mj",
        "author:@KIM_MJ",
        "author:kim*",
        "author:*mj",
        "author:*m_m*",
        'author:"김 민지"',
        "lang:ko",
        "lang:ko-kr",
        "site:naver.com",
        "site:blog.naver.com",
        "site:com",
        "site:naver.*",
        "site:*ver.com",
        "kind:review",
        "kind:re*",
        "source:shop*",
        "platform:cafe24",
        "platform:(cafe24 OR feed)",
        "title:lumi",
        "title:=크림",
        "크림",
        "title:lumi NEAR/1 크림",
        "rating<3",
        "rating=2",
        "rating:2",
        "rating<=2 rating>=2",
        "followers>=1,000",
        "followers<1.1k",
        "so NOT lang:en",
        "so NOT followers>5000",
    ],
)
def test_what_is_known_about_a_mention_can_be_asked(query: str) -> None:
    assert holds(query, SOMEBODY)


@pytest.mark.parametrize(
    "query",
    [
        "author:kim",
        "author:kim_m",
        "author:민지",
        "author:*x*",
        "lang:en",
        "lang:k-*",
        "site:ver.com",
        "site:naver",
        "site:blog.naver.co",
        "kind:post",
        "source:shop",
        "platform:shop-reviews",
        "title:so",
        "title:lumi NEAR/1 so",
        "크림 NEAR/9 so",
        '"크림 so"',
        "kim_mj",
        "naver.com",
        "review",
        "rating<2",
        "rating>2",
        "followers>1000",
        "so NOT lang:ko",
    ],
)
def test_what_is_otherwise_does_not_match(query: str) -> None:
    assert not holds(query, SOMEBODY)


@pytest.mark.parametrize(
    "query", ["rating<3", "rating>=1", "followers<10", "followers>=0", "lang:und", "author:a", "site:a", "kind:*o*"]
)
def test_what_is_unknown_matches_no_question_about_it(query: str) -> None:
    assert not holds(query, Document("lumi"))
    assert holds(f"lumi NOT {query}", Document("lumi"))


@pytest.mark.parametrize(("rating", "stars"), [(0, 1), (0.25, 2), (0.5, 3), (0.75, 4), (1, 5), (0.875, 4.5)])
def test_ratings_are_asked_in_stars(rating: float, stars: float) -> None:
    assert holds(f"rating={stars}", Document("", rating=rating))


def test_a_text_cannot_pretend_to_be_a_field() -> None:
    frame = "".join(map(chr, range(0xFDD0, 0xFDF0)))
    fake = Document(
        f"{frame[0]}kim{frame[16]} \ufdd0kim\ufde0 .naver.com\ufde2", author_name="x.naver.com", site="a.example"
    )
    assert not holds("author:kim", fake)
    assert not holds("site:naver.com OR site:naver.*", fake)


def test_a_host_in_its_wire_form_is_the_one_that_people_read() -> None:
    assert holds("site:한국", Document("", site="www.xn--3e0b707e"))
    assert not holds("site:xn--zzzzzzzzzzzzz", Document("", site="xn--99999999999.example"))


def test_half_a_character_stops_nothing() -> None:
    assert holds("lumi", Document("\ud800 lumi \udfff", author_name="\ud800", title="\udfff"))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("lumi", "Lumi가 LUMI", "[Lumi]가 [LUMI]"),
        ("루미", "알루미늄 말고 루미는", "알루미늄 말고 [루미]는"),
        ("lumi OR cream NOT lamp", "lumi cream", "[lumi] [cream]"),
        ("lumi NOT lamp", "lumi lamp", "lumi lamp"),
        ("lumi (cream OR (lamp x))", "lumi cream lamp", "[lumi] [cream] lamp"),
        ("lumi lumi*", "lumicare lumi", "[lumi]care [lumi]"),
        ('"lumi cream" cream', "lumi   cream", "[lumi   cream]"),
        ("lumi", "ｌｕ\u200bｍｉ!", "[ｌｕ\u200bｍｉ]!"),
        ("straße", "die STRASSE", "die [STRASSE]"),
        ("strasse", "die Straße", "die [Straße]"),
        ("루미", unicodedata.normalize("NFD", "는 루미가"), None),
        ("lumi NEAR/1 cream", "lumi x lumi cream x cream", "lumi x [lumi] [cream] x cream"),
        ("lumi NOT lang:en", "lumi", "[lumi]"),
    ],
)
def test_highlights_stand_in_the_original_text(query: str, text: str, expected: str | None) -> None:
    if expected is None:
        name = unicodedata.normalize("NFD", "루미")
        expected = text.replace(name, f"[{name}]")
    assert marked(query, text) == expected


def test_highlights_of_a_title_are_asked_for_separately() -> None:
    matcher = Matcher({"x": parse("lumi so")})
    assert matcher.spans(SOMEBODY, "x", "title") == ((0, 4),)
    assert matcher.spans(SOMEBODY, "x") == ((0, 2), (3, 5))


def test_highlights_of_an_unknown_topic_are_a_mistake() -> None:
    with pytest.raises(KeyError):
        Matcher({}).spans(SOMEBODY, "x")


def test_no_topics_match_nothing() -> None:
    assert Matcher({}).match(SOMEBODY) == frozenset()


def test_topics_with_the_same_query_hold_together() -> None:
    topics = {"one": parse("lumi"), "two": parse("LUMI"), "three": parse("=lumi"), "four": parse("lamp")}
    assert Matcher(topics).match(Document("lumi")) == {"one", "two", "three"}


def test_a_query_that_holds_of_nothing_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="topic all"):
        Matcher({"all": Query(Not(Word("lumi")), "")})


def test_one_matcher_serves_many_threads() -> None:
    matcher = Matcher({f"t{i}": parse(f"lumi cream{i}") for i in range(20)})
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(matcher.match, (Document(f"lumi cream{i % 20}") for i in range(200))))
    assert found == [{f"t{i % 20}"} for i in range(200)]


# ---------------------------------------------------------------- cost, in steps


def topics(count: int, query: str) -> Matcher:
    return Matcher({f"t{i}": parse(query.format(i=i)) for i in range(count)})


@pytest.mark.parametrize(
    "query",
    [
        "lumi{i}",
        "lumi cream{i}",
        "lumi{i} OR cream{i}",
        "lumi NEAR/5 cream{i}",
        "lumi{i} NOT lamp",
        "author:kim{i} lumi",
        "author:kim{i}*",
        "author:*kim{i}x*",
        "site:shop{i}.example",
        "title:lumi{i}",
        "=루미{i} lang:ko",
        "lumi (lang:ko OR lang:en) cream{i}",
    ],
)
def test_a_text_costs_the_same_however_many_topics_there_are(query: str) -> None:
    document = Document(
        "lumi cream3 lumi4 루미5는",
        "lumi6",
        author_handle="kim7",
        author_name="akim8x",
        site="shop9.example",
        language="ko",
    )
    few, many = topics(10, query), topics(3_000, query)
    assert few.match(document)
    assert few.match(document) == many.match(document)
    assert lines_run(lambda: many.match(document)) <= lines_run(lambda: few.match(document)) + 5


HOSTILE = {
    "the same word": ("lumi cream", "lumi "),
    "nearness that never comes": ("lumi NEAR/1 cream", "lumi x x x cream x x x "),
    "nearness of a word to itself": ("lumi NEAR/1 lumi", "lumi x x "),
    "nearness of many words": ("(lumi OR x OR cream) NEAR/1 (lamp OR 루미)", "lumi x cream , , "),
    "words that nearly match": ("lumi", "lumis"),
    "Korean runs without end": ("=루미", "루미루미"),
    "particles without end": ("=루미", "루미에서만까지는 루미에에이이이도도도가가가나 "),
    "one letter": ("a* *a =a", "a"),
    "hashes": ("#lumi @lumi", "#@#lumi_@lumi_"),
    "marks": ("lumi", "\u0301\u0323"),
    "invisible": ("lumi", "\u200b\u2060"),
    "new lines": ('"lumi lamp"', "lumi \n\n\u3000"),
    "ideographs": ("東 NEAR/1 京", "東東x"),
}


@pytest.mark.parametrize(("query", "piece"), HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_no_faster_than_the_text(query: str, piece: str) -> None:
    matcher = Matcher({"x": parse(query)})
    matcher.match(Document(piece * 500))  # endings that were met once are remembered
    half, whole = (lines_run(partial(matcher.match, Document(piece * count))) for count in (500, 1_000))
    assert whole <= 2.1 * half + 50


@pytest.mark.parametrize("query", ["lumi", "lumi NEAR/2 lumi", "lumi NEAR/2 cream OR lumi"])
def test_highlighting_grows_no_faster_than_the_text(query: str) -> None:
    matcher = Matcher({"x": parse(query)})
    half, whole = (lines_run(partial(matcher.spans, Document("lumi cream " * count), "x")) for count in (300, 600))
    assert whole <= 2.1 * half + 50


def test_many_questions_about_the_same_nearness_gather_its_words_once() -> None:
    document = Document("lumi " * 1_000 + "x " * 200 + "cream")
    few, many = topics(1, "lumi NEAR/{i}1 cream"), topics(10, "lumi NEAR/{i}1 cream")
    assert lines_run(partial(many.match, document)) <= lines_run(partial(few.match, document)) + 500


def test_hostile_texts_are_answered() -> None:
    matcher = Matcher(
        {"far": parse("lumi NEAR/1 cream"), "near": parse("lumi NEAR/1 lumi"), "not": parse("lumi -cream")}
    )
    assert matcher.match(Document("lumi " * 100_000)) == {"near", "not"}
    assert matcher.match(Document("lumi " * 50_000 + "x " + "cream " * 50_000)) == {"near"}
    assert matcher.spans(Document("lumi " * 20_000), "not")[-1] == (99_995, 99_999)


def test_a_field_full_of_lures_costs_no_more_than_its_length() -> None:
    matcher = Matcher({"x": parse("site:naver.* lumi")})
    authors = (".naver.x" * count for count in (500, 1_000))
    half, whole = (
        lines_run(partial(matcher.match, Document("lumi", author_name=name, site="a.b"))) for name in authors
    )
    assert whole <= 2.1 * half + 50
