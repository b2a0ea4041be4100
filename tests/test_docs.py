"""What the documents say is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def test_the_connector_tables_are_those_of_the_connectors() -> None:
    done = subprocess.run([sys.executable, "tools/readme.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_every_command_of_the_readme_exists_and_every_command_stands_there(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    block = next(b for b in re.findall(r"```text\n(.*?)```", text, re.S) if "monitor run" in b)
    named = set()
    for line in block.splitlines():
        for part in line.removeprefix("monitor ").split("  ")[0].split("|"):
            word = part.strip().split(" ")[0]
            if word:
                named.add(word)
    assert named == set(cli.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", page.read_text("utf-8"))) <= targets


def test_lock_files_name_no_index_and_hash_everything() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        pins = re.findall(r"^[A-Za-z0-9_.-]+==\S+ \\$", text, re.M)
        assert len(pins) > 10
        assert text.count("--hash=sha256:") >= len(pins)
