"""Mentions from a file (JSON lines or CSV), through the same door as all others.

Columns are the fields of `Mention`; only `text` is needed. What looks at nobody's clock is no promise: a deadline is
opened only where it would still lie ahead.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from connectors.base import Author, Connector, Kind, Mention, Page, Reach, Settings, as_utc, problems
from monitor.config.rules import Rules, Source
from monitor.ingest import Arrival, Ingest
from monitor.store.facts import Saved

PAGE = 500
MAX_LINE = 2_000_000


class UnreadableFileError(Exception):
    """The file cannot be read as a whole; the message says why."""


class Line(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: str
    id: str | None = None
    platform: str | None = None
    namespace: str = ""
    url: str = ""
    kind: Kind = Kind.POST
    author: str = ""
    author_id: str = ""
    author_name: str = ""
    author_url: str = ""
    followers: int | None = None
    title: str = ""
    published: datetime | None = None
    language: str | None = None
    rating: float | None = None
    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    views: int | None = None
    conversation: str | None = None
    in_reply_to: str | None = None
    private: bool = False
    owned: bool = False
    addressed: bool = False
    ours: bool = False

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_absent(cls, value: Any, info: Any) -> Any:
        if value == "" and info.field_name != "text":
            return cls.model_fields[info.field_name].default
        # Programs that cut texts in UTF-16 leave half a character behind.
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    def mention(self, platform: str, now: datetime) -> Mention:
        published = as_utc(self.published) if self.published else now
        return Mention(
            platform=self.platform or platform,
            namespace=self.namespace,
            id=self.id or sha256(f"{self.author}\0{self.url}\0{self.title}\0{self.text}".encode()).hexdigest(),
            url=self.url,
            kind=self.kind,
            author=Author(
                self.author_id or self.author or "unknown",
                self.author,
                self.author_name,
                self.author_url,
                self.followers,
            ),
            title=self.title,
            text=self.text,
            published=published,
            language=self.language,
            rating=self.rating,
            reach=Reach(self.likes, self.shares, self.replies, self.views),
            conversation=self.conversation,
            in_reply_to=self.in_reply_to,
            private=self.private,
            owned=self.owned,
            addressed=self.addressed,
            ours=self.ours,
            time_uncertain=self.published is None,
        )


@dataclass(frozen=True, slots=True)
class Imported:
    saved: Saved
    read: int
    bad: tuple[str, ...]  # "line 7: rating: ..." for the first twenty
    bad_count: int


def import_file(path: Path, name: str, rules: Rules, ingest: Ingest, now: datetime) -> Imported:
    """Read the file page by page, in constant memory. Raises `UnreadableFileError`; one odd line loses one line."""
    source = rules.sources.get(name) or Source(name, "import", Connector, Settings(), None, None, ())
    saved, read, bad_count = Saved(), 0, 0
    bad: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _csv(file) if path.suffix.lower() == ".csv" else _jsonl(file)
            for batch in _batches(lines):
                mentions = []
                for number, data in batch:
                    read += 1
                    try:
                        mentions.append(Line.model_validate(data).mention(source.platform, now))
                    except (ValidationError, ValueError) as e:
                        bad_count += 1
                        if len(bad) < 20:
                            bad.append(f"line {number}: {problems(e) if isinstance(e, ValidationError) else e}")
                saved += ingest.save(Page(mentions), Arrival(source, "import", first=True), now)
    except UnicodeDecodeError:
        raise UnreadableFileError("the file is not UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)") from None
    except OSError as e:
        raise UnreadableFileError(f"the file cannot be read: {e.strerror}") from None
    except csv.Error as e:
        raise UnreadableFileError(f"the file is no CSV: {e}") from None
    return Imported(saved, read, tuple(bad), bad_count)


def _jsonl(file: TextIO) -> Iterator[tuple[int, Any]]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            yield number, "no JSON object"


def _csv(file: TextIO) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.DictReader(file)
    if reader.fieldnames is None or "text" not in reader.fieldnames:
        raise UnreadableFileError("the first line must name the columns, and one of them must be `text`")
    for row in reader:
        yield reader.line_num, {k: v for k, v in row.items() if k is not None and v is not None}


def _batches(lines: Iterable[tuple[int, Any]]) -> Iterator[list[tuple[int, Mapping[str, Any]]]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, PAGE)):
        yield batch
