"""The boolean query language of topics: text in, names of topics out. Nothing here reads or writes anything.

`parse` understands what a person wrote, `Matcher` holds all topics at once and tells which of them a `Document` holds.
docs/query.md explains the language to the people who write it.
"""

from monitor.query.language import (
    FIELDS,
    KINDS,
    MAX_DEPTH,
    MAX_DISTANCE,
    MAX_LENGTH,
    MAX_TERMS,
    Query,
    QueryError,
    parse,
)
from monitor.query.matching import Document, Matcher

__all__ = [
    "FIELDS",
    "KINDS",
    "MAX_DEPTH",
    "MAX_DISTANCE",
    "MAX_LENGTH",
    "MAX_TERMS",
    "Document",
    "Matcher",
    "Query",
    "QueryError",
    "parse",
]
