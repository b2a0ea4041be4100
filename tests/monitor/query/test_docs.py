"""What docs/query.md tells people is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitor.query import Document, Matcher, parse

PAGE = (Path(__file__).parents[3] / "docs" / "query.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
QUERIES = [query for row in ROWS for query in re.findall(r"`([^`]+)`", row[0])]
PROMISES = [
    (row[0].strip("`"), text.replace("**", ""), wanted)
    for row in ROWS
    if len(row) == 3
    for wanted, cell in ((True, row[1]), (False, row[2]))
    for text in cell.split(", ")
    if text
]
EXAMPLES = [re.split(r"\s{2,}", line)[0] for line in PAGE.split("## Examples")[1].split("```")[1].strip().splitlines()]


@pytest.mark.parametrize("query", QUERIES + EXAMPLES)
def test_every_query_shown_can_be_written_like_that(query: str) -> None:
    assert parse(query)


@pytest.mark.parametrize(("query", "text", "wanted"), PROMISES)
def test_every_query_shown_finds_what_is_said(query: str, text: str, wanted: bool) -> None:
    assert bool(Matcher({"shown": parse(query)}).match(Document(text))) is wanted


def test_the_topics_shown_are_good_yaml() -> None:
    shown = yaml.safe_load(PAGE.split("```yaml")[1].split("```")[0])
    assert [str(parse(query)) for query in shown["topics"].values()]


def test_there_is_something_to_check() -> None:
    assert len(QUERIES) > 20
    assert len(PROMISES) > 40
    assert len(EXAMPLES) > 4
