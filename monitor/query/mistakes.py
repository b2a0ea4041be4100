"""What is said about a query that cannot be understood: to people who know marketing, not programming."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from monitor.query.tree import OPERATOR

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"

EXAMPLES = {
    "AND": "AND",
    "OR": "OR",
    "NOT": "NOT",
    "NEAR": "NEAR/5",
    "author": 'author:@kim or author:"김 민지"',
    "lang": "lang:ko",
    "site": "site:naver.com",
    "kind": "kind:review",
    "source": "source:blogs",
    "platform": "platform:mastodon",
    "title": 'title:"lumi cream"',
    "rating": "rating<=2",
    "followers": "followers>=1000",
}


class QueryError(ValueError):
    """A query that cannot be understood: what is wrong, how to mend it, and where (from 0, in characters)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def fail(message: str, position: int) -> NoReturn:
    raise QueryError(message, position)


def short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def closest(word: str, known: Sequence[str]) -> str | None:
    found = get_close_matches(word[:30].casefold(), known, n=1)
    return found[0] if found else None


def complaint(text: str, *, starred: bool) -> str | None:
    """What is wrong with a word outside quotation marks, with {} where the word itself belongs.

    A habit from elsewhere is refused: looked for as it stands, it would never be found.
    """
    if OPERATOR.fullmatch(text) and not starred:
        operator = "NEAR/5" if text.startswith("near") else text.upper()
        return f'Write {operator} in capitals to join words. If you mean the word itself, write "{{}}".'
    if text.startswith("near/"):
        return "Write NEAR/5 in capitals: lumi NEAR/5 cream."
    if text.endswith((",", ";", "、")):
        return "Commas do not separate words here. Write OR between words of which one is enough."
    if "|" in text:
        return 'Write OR between words of which one is enough, instead of |. If you mean the sign, write "{}".'
    if text.startswith("+") and text[1:2].isalpha():
        return "Words beside each other must all occur already. Leave out the + sign."
    if text.startswith("="):
        return "One = sign before the word is enough."
    if text.startswith(tuple(DASHES)):
        return "A minus cannot stand here. Put it before the whole field or group, or the word in quotation marks."
    if text.startswith("!"):
        return "Write NOT before what must not occur, instead of the ! sign."
    if text.startswith("~"):
        return "Write lumi NEAR/5 cream for words close to each other, instead of the ~ sign."
    if text.startswith(("'", "‘")):
        return 'Put phrases in double quotation marks: "lumi lamp".'
    if not any(unicodedata.category(character) in ("So", "Sc") or character.isalnum() for character in text):
        return 'There is no word in {}. If you mean the sign itself, put it in "quotation marks".'
    return None
