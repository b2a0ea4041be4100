"""The container without a container engine: what its files say, held against the code and against each other."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from monitor import polling, scheduler
from monitor.cli import cli
from monitor.deadlines import parse_duration
from monitor.telling.text import Words, cause

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "operating.md").read_text("utf-8")


# ---------------------------------------------------------------- reading the files


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Dockerfile. `stage` counts from 0."""

    stage: int
    word: str
    rest: str

    @property
    def plain(self) -> list[str]:
        """The words behind the instruction, without its options."""
        return [w for w in self.rest.split() if not w.startswith("--")]


def dockerfile() -> list[Step]:
    lines = [
        line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.lstrip().startswith("#")
    ]
    steps, stage = [], -1
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            stage += word.upper() == "FROM"
            steps.append(Step(stage, word.upper(), rest.strip()))
    return steps


STEPS = dockerfile()
LAST = max(step.stage for step in STEPS)


def of(word: str, stage: int | None = None) -> list[Step]:
    return [s for s in STEPS if s.word == word and (stage is None or s.stage == stage)]


def exec_form(text: str) -> list[str]:
    found = json.loads(text)
    assert isinstance(found, list)
    assert all(isinstance(part, str) for part in found)
    return found


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for step in of("ENV", LAST) for pair in step.rest.split())


def goes_in(path: str) -> bool:
    """Whether .dockerignore lets a file into the build: the last pattern that fits it or its folder decides."""
    let_in = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        shape = re.escape(pattern.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{shape}(?:/.*)?", path):
            let_in = pattern.startswith("!")
    return let_in


def copied() -> set[str]:
    """What is copied from the folder of the project, not from another stage."""
    return {p.removeprefix("./") for s in of("COPY") if "--from=" not in s.rest for p in s.plain[:-1]}


def compose() -> dict[str, object]:
    service: dict[str, object] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["monitor"]
    return service


# ---------------------------------------------------------------- Dockerfile


def test_it_never_runs_as_root() -> None:
    users = of("USER", LAST)
    assert users, "the last stage names no user"
    assert all(re.fullmatch(r"[1-9]\d*", s.rest) for s in users), "a number, so that everybody can see it is not root"
    uid = users[-1].rest
    assert any(f"--uid {uid} " in s.rest and "chown monitor: /data" in s.rest for s in of("RUN", LAST))
    assert not any(s.word == "RUN" for s in STEPS[STEPS.index(users[0]) :]), "nothing is made after root has gone"


def test_signals_reach_the_daemon_itself() -> None:
    assert [exec_form(s.rest) for s in of("ENTRYPOINT")] == [["monitor"]]
    assert [exec_form(s.rest) for s in of("CMD")] == [["run"]]
    assert "run" in cli.commands
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert set(scripts) == {"monitor"}


def test_its_health_check_has_time_to_answer() -> None:
    (check,) = of("HEALTHCHECK")
    assert check.stage == LAST
    options, _, command = check.rest.partition("CMD ")
    assert exec_form(command) == ["monitor", "health"]
    assert "health" in cli.commands
    assert parse_duration(re.findall(r"--timeout=(\S+)", options)[0]) > timedelta(seconds=10)


def test_dependencies_are_pinned_by_hash_and_nothing_is_compiled() -> None:
    installs = [cmd for s in of("RUN") for cmd in re.split(r"\s*&&\s*", s.rest) if re.search(r"pip\d* install", cmd)]
    assert len(installs) == 2
    locked, own = installs
    assert "--require-hashes -r requirements.lock" in locked
    assert "--only-binary :all:" in locked
    assert {"--no-deps", "--no-build-isolation", "."} <= set(own.split()), "our own package downloads nothing"
    text = re.sub(r"\\\n", " ", (ROOT / "requirements.lock").read_text("utf-8"))
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            assert re.match(r"[A-Za-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line[:60]
    assert re.search(r"^setuptools==", text, re.M), "needed to build our own package without downloading"


def test_the_image_has_no_build_tools() -> None:
    assert LAST == 1, "one stage to build, one to run"
    assert len({s.plain[0] for s in of("FROM")}) == 1, "bytecode and links fit one Python only"
    last = " ".join(s.rest for s in STEPS if s.stage == LAST)
    assert not re.search(r"pip\d* install|apt-get|apk |curl|wget|gcc|build-essential", last)
    assert "uninstall -y setuptools pip" in " ".join(s.rest for s in of("RUN", 0))
    assert "/site-packages/pip*" in last
    assert "ensurepip" in last
    assert [s.plain for s in of("COPY", LAST) if "--from=" in s.rest] == [["/opt/monitor", "/opt/monitor"]]


def test_nothing_secret_can_get_in() -> None:
    assert not of("ADD"), "COPY does less behind our back"
    assert not {".", "./", "*"} & copied(), "what goes in is named"
    everything = (ROOT / "Dockerfile").read_text("utf-8").replace("SLACK_BOT_TOKEN", "")
    assert not re.search(r"(?i)token|password|secret|\.pem|\.crt|ca-cert|index-url|trusted-host|proxy", everything)
    assert {s.rest.split("=")[0] for s in of("ARG")} == {"PYTHON"}


def test_only_the_volume_is_written() -> None:
    assert [s.rest for s in of("VOLUME")] == ["/data"]
    env = environment()
    assert env["MONITOR_DATABASE_URL"] == "sqlite:////data/monitor.db"
    assert env["PYTHONDONTWRITEBYTECODE"] == "1"
    assert env["PATH"].startswith("/opt/monitor/bin:")
    compiled = [s.stage for s in of("RUN") if "compileall" in s.rest and "unchecked-hash" in s.rest]
    assert compiled == [0, LAST], "a read-only root can keep no bytecode, so it must be there"


def test_commands_find_the_rules_without_being_told() -> None:
    assert [s.rest for s in of("WORKDIR", LAST)] == ["/etc/monitor"]
    assert any(s.plain[-1] == "/etc/monitor/rules.yaml" for s in of("COPY", LAST))
    options = [o for command in cli.commands.values() for o in command.params if o.name == "path"]
    assert {str(o.default) for o in options if isinstance(o.default, Path)} == {"rules.yaml"}


# ---------------------------------------------------------------- .dockerignore


def test_what_is_copied_exists_and_is_let_in() -> None:
    for path in copied():
        assert (ROOT / path).exists(), path
        assert goes_in(path), path


def test_only_what_is_copied_is_let_in() -> None:
    let_in = {p.name for p in ROOT.iterdir() if goes_in(p.name)}
    assert let_in == copied()


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".git/config", "data/monitor.db", "data/monitor.db.key", "monitor.db", "backup.tar", "rules.mine.yaml",
        "tests/conftest.py", ".venv/bin/python", "monitor/.env", "connectors/.secret", "monitor/__pycache__/cli.pyc",
        "monitor/store/__pycache__/tables.cpython-312.pyc", "connectors/base.pyc", "monitoring/x.py",
    ],
)  # fmt: skip
def test_what_must_stay_out_stays_out(path: str) -> None:
    assert not goes_in(path)


def test_what_the_program_reads_goes_in() -> None:
    read = [p for room in ("monitor", "connectors") for p in (ROOT / room).rglob("*") if p.is_file()]
    kept_out = [p for p in read if not goes_in(str(p.relative_to(ROOT)))]
    assert {p.suffix for p in kept_out} <= {".pyc"}
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["*"]
    for path in read:
        if path not in kept_out and path.suffix != ".py":
            assert any(path.match(pattern) for pattern in patterns), f"{path.name} is in no wheel"


# ---------------------------------------------------------------- compose.yaml


def test_compose_gives_no_more_rights_than_needed() -> None:
    service = compose()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert not {"privileged", "user", "cap_add", "ports", "network_mode", "pid", "devices"} & service.keys()
    volumes = service["volumes"]
    assert isinstance(volumes, list)
    assert [v for v in volumes if isinstance(v, str)] == ["data:/data"]
    (rules,) = [v for v in volumes if isinstance(v, dict)]
    assert rules["read_only"] is True
    assert rules["bind"] == {"create_host_path": False}


def test_compose_waits_until_the_daemon_has_stopped() -> None:
    patience = parse_duration(str(compose()["stop_grace_period"]))
    assert patience > timedelta(seconds=scheduler.PATIENCE + 4)


def test_compose_holds_no_secret_and_bounds_the_logs() -> None:
    service = compose()
    assert service["environment"] == {"MONITOR_LOG_FORMAT": "json"}
    assert service["env_file"] == [{"path": ".env", "required": False}]
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").split()
    logging = service["logging"]
    assert isinstance(logging, dict)
    assert {"max-size", "max-file"} <= logging["options"].keys()


# ---------------------------------------------------------------- the operator's guide


def logged() -> Iterator[tuple[str, str]]:
    """(file, constant first words) of every line that the program logs."""
    for path in [*ROOT.glob("monitor/**/*.py"), *ROOT.glob("connectors/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"info", "warning", "error", "exception", "critical"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                words = re.split(r" ?\S*[=%]", node.args[0].value)[0] or node.args[0].value.split("=")[0]
                yield path.name, words.rstrip(" :")


def explained() -> set[str]:
    """The words of the guide's table of log lines."""
    table = GUIDE.split("## Logs")[1].split("## Blind")[0]
    rows = re.findall(r"^\| (`.+?) \| (?:INFO|WARNING|ERROR) \|", table, re.M)
    return {words for row in rows for words in re.findall(r"`([^`]+)`", row)}


def test_the_guide_explains_every_line_of_the_log() -> None:
    known = explained()
    found = set(logged())
    assert len(found) > 20
    for place, words in found:
        assert any(words == k or words.startswith(f"{k} ") for k in known), (
            f"docs/operating.md does not say what {words!r} ({place}) means"
        )


def test_the_guide_explains_no_line_that_is_not_logged() -> None:
    code = "\n".join(p.read_text("utf-8") for p in ROOT.glob("monitor/**/*.py"))
    assert [words for words in explained() if words not in code] == []


def test_the_guide_explains_every_kind_of_blindness() -> None:
    words = Words("en", ZoneInfo("UTC"), datetime(2026, 11, 25, tzinfo=UTC))
    source = ast.parse(Path(polling.__file__).read_text("utf-8"))
    (function,) = [n for n in source.body if isinstance(n, ast.FunctionDef) and n.name == "error_class"]
    classes = {n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    classes = {c for c in classes if " " not in c}
    assert {"auth", "transient", "bug"} <= classes
    for each in classes:
        assert f"| {cause(each, words)} | `{each}` |" in GUIDE


def test_every_command_of_the_guide_exists() -> None:
    named = set(re.findall(r"(?:exec(?: -T)? monitor monitor|run --rm monitor|`monitor) ([a-z-]+)", GUIDE))
    assert {"run", "check", "health", "list", "test-alert"} <= named | {"run"}
    assert named <= set(cli.commands)


def test_every_variable_of_the_guide_is_read() -> None:
    code = "\n".join(p.read_text("utf-8") for room in ("monitor", "connectors") for p in (ROOT / room).rglob("*.py"))
    names = set(re.findall(r"`((?:MONITOR|SLACK|SSL)_[A-Z_]+)`", GUIDE))
    assert len(names) >= 5
    assert [name for name in names if name not in code] == []
