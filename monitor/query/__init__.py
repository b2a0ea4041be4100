"""The boolean query language of topics: text in, names of topics out. Nothing here reads or writes anything.

`parse` understands what a person wrote, `Matcher` holds all topics at once and tells which of them a `Document` holds.
docs/query.md explains the language to the people who write it.
"""

from monitor.query.fields import FIELDS, KINDS
from monitor.query.language import MAX_DISTANCE, MAX_LENGTH, MAX_TERMS, parse
from monitor.query.matching import Matcher
from monitor.query.mistakes import QueryError
from monitor.query.sight import Document
from monitor.query.tree import MAX_DEPTH, Query

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
