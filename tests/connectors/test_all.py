"""What holds for the folder: each connector is tested by the contract, recorded, described, and stays in its room."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import connectors
from connectors.base import Connector, Settings
from tests.connectors.contract import PAYLOADS, ConnectorContract, forbidden

HERE = Path(__file__).parent
FOLDER = Path(connectors.__file__).parent
OURS = [n for n in connectors.names() if (FOLDER / f"{n}.py").exists()]
FILES = sorted(FOLDER.glob("*.py"))


def imports(source: str) -> Iterator[str]:
    """Every module that a source imports, as a dotted name; names imported from a package are tried as modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{a.name}" for a in node.names)


def strays(file: Path) -> set[str]:
    """Imports that leave the connectors' room, or reach sideways into another platform."""
    found = set()
    for name in imports(file.read_text("utf-8")):
        root, *rest = name.split(".")
        sideways = root == "connectors" and rest and not (rest[0] == "base" or rest[0].startswith("_"))
        if root in {"monitor", "tests"} or sideways:
            found.add(name)
    return found


def test_there_are_connectors() -> None:
    assert OURS


@pytest.mark.parametrize("name", OURS)
def test_each_connector_is_tested_by_the_contract(name: str) -> None:
    tests = vars(import_module(f"tests.connectors.test_{name}")).values()
    mine = connectors.load(name)
    assert any(
        isinstance(t, type) and issubclass(t, ConnectorContract) and getattr(t, "connector", None) is mine
        for t in tests
    )


@pytest.mark.parametrize("name", OURS)
def test_each_connector_has_recordings(name: str) -> None:
    assert any((PAYLOADS / name).iterdir())


@pytest.mark.parametrize("name", OURS)
def test_each_connector_says_what_it_is(name: str) -> None:
    header = connectors.header(name)
    assert header.title
    assert len(header.title) <= 120


@pytest.mark.parametrize("name", OURS)
def test_each_connector_has_settings_of_its_own_that_say_what_they_mean(name: str) -> None:
    found = connectors.load(name)
    assert issubclass(found, Connector)
    assert issubclass(found.Settings, Settings)
    assert found.Settings is not Settings


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_connectors_know_nothing_of_the_monitor_nor_of_each_other(file: Path) -> None:
    assert strays(file) == set()


@pytest.mark.parametrize("file", [f for f in FILES if f.stem != "__init__"], ids=lambda f: f.stem)
def test_no_connector_nor_family_sleeps_or_reads_the_clock(file: Path) -> None:
    assert list(forbidden(file.read_text("utf-8"))) == []


def test_the_check_of_imports_sees_what_it_should(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("import monitor.store\nfrom connectors import base, other\nfrom connectors._html import text_of\n")
    assert strays(file) == {"monitor.store", "connectors.other"}


def test_the_check_of_the_source_sees_what_it_should() -> None:
    source = "\n".join(
        [
            "import os",
            "from time import sleep",
            "import httpx",
            "from datetime import datetime",
            "def f():",
            "    datetime.now()",
            "    httpx.AsyncClient()",
            "    try: open('x')",
            "    except Exception: pass",
        ]
    )
    assert sorted(int(f.partition(":")[0]) for f in forbidden(source)) == [1, 2, 6, 7, 8, 9]


def test_loading_all_connectors_does_not_load_the_monitor() -> None:
    code = "import sys, connectors; [connectors.load(n) for n in connectors.names()]; print('monitor' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent)
    assert done.stdout.strip() == "False"


def test_every_test_of_a_connector_belongs_to_one() -> None:
    """A renamed connector leaves no test and no recording behind."""
    special = {"all", "base", "contract", "connectors", "html"}
    known = set(connectors.names()) | special | {f.stem.lstrip("_") for f in FILES if f.stem.startswith("_")}
    assert {f.stem.removeprefix("test_") for f in HERE.glob("test_*.py")} <= known
    assert {f.name for f in PAYLOADS.iterdir() if f.is_dir() and not f.name.startswith("_")} <= known
