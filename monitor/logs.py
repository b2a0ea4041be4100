"""Logs as lines or JSON: constant words first, then key=value; no secret, and no customer's text at INFO."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

HIDDEN = "***"
COMMANDS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, commands a terminal, turns the reading direction, or cannot be written at all."""

NOISY = ("httpx", "httpcore", "apscheduler", "slack_sdk", "alembic", "uvicorn")
"""They log whole addresses or request data at INFO or DEBUG, tokens included."""


def set_up(form: str, level: str, *, secrets: Iterable[str]) -> None:
    """Send the log to stderr, in `lines` or `json`, with these secrets blotted out wherever they turn up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((Json if form == "json" else Lines)(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper() if level.upper() in logging.getLevelNamesMapping() else logging.INFO)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # A run that is still going on when the next is due is no news: jobs are made to be skipped.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


class Lines(logging.Formatter):
    """`2026-11-25T09:00:00Z INFO monitor.polling polled source=play new=3`"""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        words = f"{moment(record)} {record.levelname} {record.name} {self.words(record)}"
        if record.exc_info:
            words += "\n" + self.trace(record)
        return words

    def words(self, record: logging.LogRecord) -> str:
        """One record is one line, whatever a stranger's text in it says."""
        return COMMANDS.sub(_spelt, self.clean(record.getMessage()))

    def trace(self, record: logging.LogRecord) -> str:
        lines = self.clean(self.formatException(record.exc_info)).split("\n") if record.exc_info else []
        return "\n".join(COMMANDS.sub(_spelt, line) for line in lines)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


class Json(Lines):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        data = {"at": moment(record), "level": record.levelname, "place": record.name, "words": self.words(record)}
        if record.exc_info:
            data["trace"] = self.trace(record)
        return json.dumps(data, ensure_ascii=False)


def _spelt(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
