"""The fields of a query and the values they take."""

from __future__ import annotations

import regex

from monitor.query.folding import fold
from monitor.query.mistakes import EXAMPLES, closest, fail, short
from monitor.query.tree import Field, Number

KINDS = ("post", "comment", "reply", "review", "question", "message", "mail", "article")
TEXT_FIELDS = ("author", "lang", "site", "kind", "source", "platform", "title")
NUMBER_FIELDS = ("rating", "followers")
FIELDS = TEXT_FIELDS + NUMBER_FIELDS

_MOST = 1e12

_NUMBER = regex.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d{1,4})?(k|m|천|만)?(?=[\s()]|$)", regex.IGNORECASE)
_SIGN = regex.compile("<=|>=|=<|=>|==|<|>|=|≤|≥")
_TAG = regex.compile(r"\p{L}{2,3}(?:[-_][\p{L}\d]{2,8})*")
_LABEL = regex.compile(r"[\w\p{M}-]+")
_HOST = regex.compile(r"(?:https?://)?(?:www\.)?([^/\s:?#]+)(?::\d+)?/?")

_SAME_SIGN = {"==": "=", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">="}
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "천": 1_000, "만": 10_000}

_MEANT_FIELD = {
    **dict.fromkeys(("user", "by", "handle", "name", "from", "작성자", "글쓴이", "저자", "계정"), "author"),
    **dict.fromkeys(("language", "언어"), "lang"),
    **dict.fromkeys(("url", "domain", "host", "website", "사이트", "도메인"), "site"),
    **dict.fromkeys(("type", "종류", "유형"), "kind"),
    **dict.fromkeys(("feed", "출처", "소스"), "source"),
    **dict.fromkeys(("channel", "network", "플랫폼", "채널"), "platform"),
    **dict.fromkeys(("subject", "headline", "제목"), "title"),
    **dict.fromkeys(("star", "stars", "score", "별점", "평점"), "rating"),
    **dict.fromkeys(("follower", "reach", "팔로워", "구독자"), "followers"),
}
_MEANT_LANGUAGE = {
    **dict.fromkeys(("kr", "korean", "kor", "한국어"), "ko"),
    **dict.fromkeys(("jp", "japanese", "jpn", "일본어", "日本語"), "ja"),
    **dict.fromkeys(("cn", "chinese", "중국어", "中文"), "zh"),
    **dict.fromkeys(("english", "eng", "영어", "us", "uk"), "en"),
    **dict.fromkeys(("thai", "태국어"), "th"),
    **dict.fromkeys(("spanish", "스페인어"), "es"),
    **dict.fromkeys(("french", "프랑스어"), "fr"),
    **dict.fromkeys(("german", "독일어"), "de"),
    **dict.fromkeys(("vietnamese", "베트남어"), "vi"),
    "unknown": "und",
}


def meant_field(name: str) -> str | None:
    """The field that somebody who wrote this name probably meant."""
    return _MEANT_FIELD.get(name.casefold()) or closest(name, FIELDS)


def number(name: str, text: str, at: int) -> tuple[Number, int]:
    """`<= 2.5`, `>=10k`, and where it ends."""
    start, sign = at, "="
    if signed := _SIGN.match(text, at):
        sign, at = _SAME_SIGN.get(signed[0], signed[0]), signed.end()
    while text[at : at + 1].isspace():
        at += 1
    found = _NUMBER.match(text, at)
    if not found:
        fail(f"{name} is compared with a number. Write it like this: {EXAMPLES[name]}.", start)
    value = float(found[1].replace(",", "") + (found[2] or "")) * _UNITS[(found[3] or "").casefold()]
    _check_range(name, sign, value, start)
    return Number(name, sign, value), found.end()


def _check_range(name: str, sign: str, value: float, position: int) -> None:
    if name == "rating" and (not 1 <= value <= 5 or (sign, value) in (("<", 1), (">", 5))):
        fail("rating counts stars from 1 to 5, so this can never be. Write for example rating<=2.", position)
    if name == "followers" and (value > _MOST or (sign, value) == ("<", 0)):
        fail("Nobody has that many followers. Write for example followers>=1000.", position)


def value(name: str, raw: str, position: int, *, quoted: bool, open_start: bool, open_end: bool) -> Field:
    """The value of a text field, checked and in its one spelling."""
    text = author(raw) if name == "author" else fold(raw)
    starred = open_start or open_end
    if not text:
        fail(f"{name}: has no value. Write it like this: {EXAMPLES[name]}.", position)
    if not quoted and text[-1] in ",;":
        fail(f"Commas do not separate values. Write {name}:(a OR b).", position)
    if name == "site":
        open_start = open_start and text[0] != "."  # *.naver.com is what naver.com means anyway
        text = _host(text, position, open_start=open_start, open_end=open_end)
    elif name == "lang":
        text = _language(text, position, starred=starred)
    elif name == "kind":
        _check_kind(text, position, starred=starred)
    return Field(name, text, open_start, open_end)


def author(name: str) -> str:
    """@Kim and kim are one."""
    return fold(name).lstrip("@ ")


def _host(value: str, position: int, *, open_start: bool, open_end: bool) -> str:
    start = "*" * open_start
    found = _HOST.fullmatch(value)
    host = found[1].strip(".") if found else ""
    if not host:
        fail(f"site: takes the name of a site without anything behind it: {start}naver.com.", position)
    return unpuny(host) + ("." if open_end and value.endswith(".") else "")


def unpuny(host: str) -> str:
    """The readable form of a host name: xn--3e0b707e is 한국."""
    if "xn--" not in host:
        return host
    return ".".join(_unpuny_label(label) for label in host.split("."))


def _unpuny_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        readable = fold(label[4:].encode("ascii").decode("punycode"))
    except (UnicodeError, OverflowError):
        return label
    return readable if _LABEL.fullmatch(readable) and not readable.startswith("xn--") else label


def _language(value: str, position: int, *, starred: bool) -> str:
    meant = _MEANT_LANGUAGE.get(value)
    if meant:
        fail(f"Languages are written as two letters. Did you mean lang:{meant}?", position)
    if not starred and not _TAG.fullmatch(value):
        fail("Languages are written as two letters, for example lang:ko, lang:en or lang:ja.", position)
    return value.replace("_", "-")


def _check_kind(value: str, position: int, *, starred: bool) -> None:
    if starred or value in KINDS:
        return
    meant = closest(value, KINDS)
    hint = f"Did you mean kind:{meant}?" if meant else f"There are: {', '.join(KINDS)}."
    fail(f"There is no kind called {short(value)}. {hint}", position)
