"""YAML as plain data, with the line of every value, and every mistake instead of the first.

Not everything that YAML can say is wanted here: aliases (a few lines of them can fill the memory), tags and duplicate
keys are mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

Place = tuple[str | int, ...]
"""Where in the file: keys and list positions from the top."""

TAGS = {"str", "int", "float", "bool", "null", "timestamp", "map", "seq"}
SECRET = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
UNSET = "unset"  # stands in for a secret that is missing, so that it is reported once and not again as a wrong type
LITERAL_SECRET = re.compile(r"^(xox[a-z]-|xapp-)")


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong with a rules file, and how to mend it."""

    file: str
    line: int
    place: str
    problem: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{self.file}:{self.line}: {place}{self.problem}\n    fix: {self.fix}"


class RulesError(Exception):
    """A rules file that cannot be used, with all of its mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        super().__init__(f"{len(self.mistakes)} mistake(s) in the rules")


@dataclass(slots=True)
class Reader:
    """Collects lines and mistakes while a file is read."""

    file: str
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)  # value: how the file writes it

    def wrong(self, place: Place, problem: str, fix: str) -> None:
        """Note a mistake at a place, or at the nearest place above it that stands in the file."""
        known = place
        while known and known not in self.lines:
            known = known[:-1]
        for value, name in self.secrets.items():
            problem, fix = problem.replace(value, name), fix.replace(value, name)
        self.mistakes.append(Mistake(self.file, self.lines.get(known, 1), dotted(place), problem, fix))


def dotted(place: Place) -> str:
    return ".".join(str(p) if isinstance(p, str) else f"[{p + 1}]" for p in place).replace(".[", "[")


def read_yaml(path: Path, reader: Reader) -> Mapping[str, Any]:
    """The file as plain data; an empty mapping when it cannot be read at all (the reader then holds the reason)."""
    try:
        raw = path.read_bytes()
    except OSError as e:
        reader.wrong((), f"cannot be read: {e.strerror}", "name another file with --rules, or see to its permissions")
        return {}
    if len(raw) > MAX_BYTES:
        reader.wrong((), f"is larger than {MAX_BYTES:,} bytes", "split it: one file is one brand")
        return {}
    try:
        root = yaml.compose(raw.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        reader.wrong((), "is not UTF-8", "save it as UTF-8 text")
        return {}
    except RecursionError:
        reader.wrong((), "is nested too deeply", "remove brackets that never close")
        return {}
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        reader.lines[()] = mark.line + 1 if mark else 1
        problem = getattr(e, "problem", None) or "is not YAML"
        reader.wrong((), str(problem), "check indentation, quotes and colons on this line and the one above")
        return {}
    if root is None:
        reader.wrong((), "is empty", "start from the rules.yaml that comes with the program")
        return {}
    data = _plain(root, (), reader, set())
    if not isinstance(data, dict):
        reader.wrong((), "does not consist of sections", "start from the rules.yaml that comes with the program")
        return {}
    return data


def _plain(node: yaml.Node, place: Place, reader: Reader, seen: set[int]) -> Any:
    reader.lines.setdefault(place, node.start_mark.line + 1)
    if id(node) in seen:
        reader.wrong(place, "uses a YAML alias (*name)", "write the value out")
        return None
    seen.add(id(node))
    if len(place) > MAX_DEPTH:
        reader.wrong(place, "is nested too deeply", "see the commented rules.yaml for the shape")
        return None
    if node.tag.removeprefix("tag:yaml.org,2002:") not in TAGS:
        reader.wrong(place, f"uses a YAML tag ({node.tag})", "write a plain value")
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, reader, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*place, i), reader, seen) for i, child in enumerate(node.value)]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except ValueError:
        reader.wrong(place, f"{node.value!r} cannot be read", "write it in quotes")
        return None


def _mapping(node: yaml.MappingNode, place: Place, reader: Reader, seen: set[int]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        # `no:` and `on:` are booleans to YAML 1.1, dates and numbers are themselves: keys are always meant as words.
        key = str(key_node.value)
        inside = (*place, key)
        if key in data:
            reader.lines[inside] = key_node.start_mark.line + 1
            reader.wrong(inside, "stands twice", "keep one of the two")
            continue
        reader.lines[inside] = key_node.start_mark.line + 1
        data[key] = _plain(value_node, inside, reader, seen)
    return data


def with_secrets(data: Any, environ: Mapping[str, str], reader: Reader, optional: frozenset[Place]) -> Any:
    """The same data with `$NAME` replaced by the environment's value, or by what the file in `NAME_FILE` holds.

    An unset secret is a mistake, except at the `optional` places, where it is left out.
    """
    return _filled(data, (), environ, reader, optional)


def _filled(data: Any, place: Place, environ: Mapping[str, str], reader: Reader, optional: frozenset[Place]) -> Any:
    if isinstance(data, dict):
        return {k: _filled(v, (*place, k), environ, reader, optional) for k, v in data.items()}
    if isinstance(data, list):
        return [_filled(v, (*place, i), environ, reader, optional) for i, v in enumerate(data)]
    if not isinstance(data, str):
        return data
    if LITERAL_SECRET.match(data):
        reader.wrong(place, "looks like a token", "put it into the environment and write $NAME here")
        return None
    match = SECRET.fullmatch(data)
    if match is None:
        return data
    return _secret(match[1], place, environ, reader, optional)


def _secret(name: str, place: Place, environ: Mapping[str, str], reader: Reader, optional: frozenset[Place]) -> Any:
    file = environ.get(f"{name}_FILE")
    if environ.get(name) or file:
        try:
            value = (environ.get(name) or Path(file or "").read_text("utf-8")).strip()
            if len(value) >= 4:
                reader.secrets[value] = f"${name}"
            return value
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "it is not text"
            reader.wrong(place, f"the file that {name}_FILE names cannot be read: {reason}", "see to the secret's file")
            return UNSET
    if place in optional:
        return None
    reader.wrong(place, f"${name} is not set", f"set {name} in the environment, or {name}_FILE to a file that holds it")
    return UNSET


def near(word: str, known: list[str]) -> str:
    """`did you mean ...?`, or the list of what there is."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known are: " + ", ".join(sorted(known)) if known else "none is known"
