"""One file per platform; a source in rules.yaml names the file.

`load("mastodon")` finds `connectors/mastodon.py`, or a package installed elsewhere that offers an entry point in the
group `mention_monitor.connectors`. A connector's module says what it is in its docstring (`Header`) and names its
class in `__connector__`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getdoc
from types import ModuleType
from typing import Any

from connectors.base import Connector

GROUP = "mention_monitor.connectors"


class UnknownConnectorError(Exception):
    """No such connector; the message lists those that there are."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a connector says of itself, for the README's table and `monitor connectors`.

    docs         where the platform documents its API
    auth         what the operator must bring
    cost         what it costs
    covers       what it sees
    misses       what it cannot see
    sees_reply   how an answer given on the platform itself is noticed
    posts_reply  whether it can answer
    retention    how long texts may be kept: "full", "metrics" or a number of hours such as "48h"
    window       until when the platform takes an answer
    """

    title: str
    docs: str
    auth: str
    cost: str
    covers: str
    sees_reply: str
    posts_reply: str
    retention: str
    window: str
    misses: str = "-"


def names() -> list[str]:
    """The names of all connectors, ours and installed ones."""
    ours = {m.name for m in pkgutil.iter_modules(__path__) if m.name != "base" and not m.name.startswith("_")}
    return sorted(ours | _installed().keys())


def load(name: str) -> type[Connector[Any]]:
    """The connector's class. Raises `UnknownConnectorError`."""
    found: type[Connector[Any]] = _module(name).__connector__
    return found


def header(name: str) -> Header:
    """What the connector says of itself. Raises `UnknownConnectorError`, and ValueError when a key is missing."""
    return read_header(getdoc(_module(name)) or "")


def read_header(doc: str) -> Header:
    """Read a module's docstring: its first line, then `key: value` lines; an indented line continues a value."""
    keys = {f.name for f in fields(Header)}
    found: dict[str, str] = {"title": doc.strip().partition("\n")[0].rstrip(".")}
    key = ""
    for line in doc.splitlines()[1:]:
        match = re.match(r"([a-z_]+):\s+(.*)", line)
        if match and match[1] in keys:
            key = match[1]
            found[key] = match[2].strip()
        elif key and line.startswith("  ") and line.strip():
            found[key] += " " + line.strip()
        else:
            key = ""
    missing = keys - found.keys() - {"misses"}
    if missing:
        raise ValueError(f"the header lacks {', '.join(sorted(missing))}")
    return Header(**found)


def _module(name: str) -> ModuleType:
    known = names()
    if name not in known:
        raise UnknownConnectorError(f"no connector is called {name!r}; there are: {', '.join(known)}")
    return import_module(_installed().get(name, f"{__name__}.{name}"))


@cache
def _installed() -> Mapping[str, str]:
    """Connectors of other packages, and their modules. Asked once: to say so, every package's files are read."""
    return {e.name: e.module for e in entry_points(group=GROUP)}
