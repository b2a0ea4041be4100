"""The house: imports point down, never sideways, never up (docs/decisions.md draws it)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS: list[set[str]] = [
    {"monitor.__main__"},
    {"monitor.cli"},
    {"monitor.checking", "monitor.demo"},
    {"monitor.scheduler"},
    {"monitor.app"},
    {
        "monitor.polling",
        "monitor.alerts",
        "monitor.delivery",
        "monitor.actions",
        "monitor.digest",
        "monitor.web",
        "monitor.replies",
        "monitor.importing",
        "monitor.health",
        "monitor.showing",
        "monitor.learning",
    },
    {"monitor.ingest"},
    {"monitor.store", "monitor.slack", "monitor.mail", "monitor.hook", "monitor.http", "monitor.logs"},
    {"monitor.config"},
    {"monitor.query", "monitor.judging", "monitor.deadlines", "monitor.conditions", "monitor.telling"},
    {"connectors"},
]
"""Each floor uses only what lies below it; rooms of one floor are strangers to each other."""

DOORS = {
    ("monitor.replies", "monitor.polling"),  # an eye is what polling watches with; replies look through the same
    ("monitor.web", "monitor.health"),  # a page of one value
}
"""The exceptions, each with its reason."""


def room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] == "connectors" else ".".join(parts[:2])


def floor(name: str) -> int:
    for i, rooms in enumerate(FLOORS):
        if name in rooms:
            return i
    raise AssertionError(f"{name} stands on no floor: say where it belongs")


def imports() -> Iterator[tuple[str, str]]:
    for path in sorted([*ROOT.glob("monitor/**/*.py"), *ROOT.glob("connectors/*.py")]):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "monitor" else [node.module]
            for name in names:
                if name.split(".")[0] in {"monitor", "connectors"}:
                    yield module, name


def test_imports_point_down() -> None:
    wrong = sorted(
        {
            f"{room(a)} uses {room(b)}"
            for a, b in imports()
            if room(a) not in {room(b), "monitor"}
            and (room(a), room(b)) not in DOORS
            and floor(room(a)) >= floor(room(b))
        }
    )
    assert wrong == []


def test_connectors_know_nothing_of_the_monitor() -> None:
    assert [pair for pair in imports() if room(pair[0]) == "connectors" and pair[1].startswith("monitor")] == []


def test_only_the_store_speaks_sql() -> None:
    speakers = {
        path.relative_to(ROOT).parts[1]
        for path in ROOT.glob("monitor/**/*.py")
        if "sqlalchemy" in path.read_text("utf-8")
    }
    assert speakers <= {"store", "app.py"}  # app reads the database's address, for the key beside the file


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "service"])
def test_no_room_is_named_for_nothing(word: str) -> None:
    assert not list(ROOT.glob(f"monitor/**/*{word}*.py"))


def test_the_clock_is_read_at_the_edges_alone() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("monitor/**/*.py"), *ROOT.glob("connectors/*.py")]
        if "datetime.now(" in path.read_text("utf-8") or "utcnow()" in path.read_text("utf-8")
    }
    assert readers <= {"monitor/cli.py", "monitor/scheduler.py", "monitor/store/memos.py", "monitor/demo/__init__.py"}
