"""Words to calls, errors to exit codes: 0 fine, 1 failed, 2 wrong usage or configuration."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import click

import connectors
from monitor import showing
from monitor.config import Rules, RulesError, read_listen, read_rules
from monitor.logs import set_up

if TYPE_CHECKING:  # every command loads only what it needs: `monitor check` is to take less than a second
    from monitor import actions
    from monitor.store import Store

RULES = click.option(
    "--rules",
    "path",
    type=click.Path(path_type=Path),
    default=Path("rules.yaml"),
    show_default=True,
    help="The rules file.",
)
MOMENT = click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])
JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mention-monitor")
def cli() -> None:
    """Watches the places where people talk about a brand, and tells the team in time."""


def main() -> None:
    """The console script."""
    try:
        cli(prog_name="monitor")
    except RulesError as e:
        click.echo("\n".join(map(str, e.mistakes)), err=True)
        click.echo(f"\n{e}; nothing was started.", err=True)
        sys.exit(2)
    except Exception as e:
        if not _is_store_error(e):
            raise
        click.echo(str(e), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has had enough, as in `monitor list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---------------------------------------------------------------- the daemon


@cli.command()
@RULES
@click.option("--log-format", type=click.Choice(["lines", "json"]), default="lines", envvar="MONITOR_LOG_FORMAT")
@click.option("--log-level", default="INFO", envvar="MONITOR_LOG_LEVEL")
def run(path: Path, log_format: str, log_level: str) -> None:
    """Start the daemon."""
    from monitor.app import make
    from monitor.scheduler import Daemon

    rules = read_rules(path, os.environ)
    set_up(log_format, log_level, secrets=rules.secrets())
    for note in rules.notes:
        logging.getLogger("monitor").warning(note)

    async def start() -> None:
        app = make(rules, os.environ, daemon=True)
        if not await Daemon(app).run():
            # A thread waits for Slack, a name server or the database, and Python would wait for the thread until
            # somebody kills us. Everything that was done is recorded, and the rest is done after the next start.
            logging.shutdown()
            os._exit(0)
        await app.close()

    asyncio.run(start())


@cli.command()
@RULES
@click.option("--online", is_flag=True, help="Also try each source's credentials, and Slack's.")
def check(path: Path, online: bool) -> None:
    """Read the rules and say everything that is wrong with them."""
    rules = read_rules(path, os.environ)
    click.echo(showing.rules(rules, path))
    if online:
        from monitor.checking import check_online

        set_up("lines", "ERROR", secrets=rules.secrets())
        results = asyncio.run(check_online(rules, os.environ, datetime.now(UTC)))
        click.echo(showing.checks(results))
        if any(not r.fine for r in results):
            sys.exit(1)


@cli.command()
@RULES
def health(path: Path) -> None:
    """Ask the running daemon whether it can see and can tell (for the container's health check)."""
    listen = read_listen(path, os.environ)
    if listen is None:
        _fail("web: is off in the rules, so the daemon cannot be asked", 2)
    host, port = listen
    host = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104, the address to ask, not to listen on
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # Never through a proxy of the environment: container engines hand those to every container.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"http://{place}/healthz", timeout=5) as answer:
            found = json.load(answer)
    except HTTPError as e:
        with e:
            _fail(f"the daemon on {place} hangs: {e.read(1000).decode('utf-8', 'replace') or e.reason}", 1)
    except (OSError, HTTPException, ValueError) as e:
        _fail(f"the daemon does not answer on {place}: {getattr(e, 'reason', e)}", 1)
    click.echo(showing.health(found))


# ---------------------------------------------------------------- looking


@cli.command("list")
@RULES
@JSON
@click.option("--waiting", "which", flag_value="waiting", default=True, help="Everything still open (the default).")
@click.option("--overdue", "which", flag_value="overdue", help="Only what is overdue.")
@click.option("--check", "which", flag_value="check", help="Judged closely: worth a look.")
def list_(path: Path, as_json: bool, which: str) -> None:
    """What waits for an answer, what ends first first."""
    rules = read_rules(path, os.environ)
    now = datetime.now(UTC)
    with_store(rules, lambda store: click.echo(showing.queue(rules, store, which, now, as_json=as_json)))


@cli.command()
@RULES
@JSON
@click.argument("mention_id", type=int)
def show(path: Path, as_json: bool, mention_id: int) -> None:
    """One mention: what was said, how it was judged, and everything that has happened since."""
    rules = read_rules(path, os.environ)

    def look(store: Store) -> None:
        mention = store.mentions.get(mention_id)
        if mention is None:
            _fail(f"there is no mention {mention_id}", 1)
        click.echo(showing.mention(rules, store, mention, datetime.now(UTC), as_json=as_json))

    with_store(rules, look)


@cli.command("connectors")
@JSON
def connectors_(as_json: bool) -> None:
    """The platforms that can be watched: what each needs, sees and costs."""
    click.echo(showing.connectors({name: connectors.header(name) for name in connectors.names()}, as_json=as_json))


# ---------------------------------------------------------------- acting


def _who() -> str:
    return f"cli:{os.environ.get('USER') or os.environ.get('LOGNAME') or 'operator'}"


def _say(outcome: actions.Outcome, done: str, mention_id: int, who: str = "") -> None:
    words = {
        "done": done,
        "unknown": f"there is no deadline for mention {mention_id}",
        "closed": "it is closed already" + (f" by {who}" if who else ""),
        "taken": f"{who} holds it",
        "open": "it is open, or cannot be reopened",
    }
    if outcome != "done":
        _fail(words[outcome], 1)
    click.echo(words[outcome])


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.option("--as", "who", default=_who, help="Who does it.")
def claim(path: Path, mention_id: int, who: str) -> None:
    """Take a mention: warnings pause while you hold it (30 minutes)."""
    from monitor import actions

    rules = read_rules(path, os.environ)
    outcome, holder = with_store(rules, lambda store: actions.claim(store, mention_id, who, datetime.now(UTC)))
    _say(outcome, f"mention {mention_id} is {who}'s for 30 minutes", mention_id, holder)


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.option("--as", "who", default=_who, help="Who answered.")
@click.option("--at", type=MOMENT, help="When, in local time of the brand; now, if not given.")
def answered(path: Path, mention_id: int, who: str, at: datetime | None) -> None:
    """It has been answered where the monitor cannot see it."""
    from monitor import actions

    rules = read_rules(path, os.environ)
    now = datetime.now(UTC)
    moment = now if at is None else at.replace(tzinfo=rules.brand.timezone).astimezone(UTC)
    outcome = with_store(rules, lambda store: actions.answered(store, mention_id, who, moment, now))
    _say(outcome, f"mention {mention_id} counts as answered", mention_id)


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.option("--why", default="", help="The reason, for the ledger.")
@click.option("--as", "who", default=_who, help="Who says so.")
def dismiss(path: Path, mention_id: int, why: str, who: str) -> None:
    """It needs no reply."""
    from monitor import actions

    rules = read_rules(path, os.environ)
    outcome = with_store(rules, lambda store: actions.dismiss(store, mention_id, who, why, datetime.now(UTC)))
    _say(outcome, f"mention {mention_id} needs no reply", mention_id)


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.argument("length")
@click.option("--as", "who", default=_who, help="Who says so.")
def snooze(path: Path, mention_id: int, length: str, who: str) -> None:
    """Say nothing of it for a while (for example 30m, 2h)."""
    from monitor import actions
    from monitor.deadlines import parse_duration

    rules = read_rules(path, os.environ)
    now = datetime.now(UTC)
    try:
        until = now + parse_duration(length)
    except ValueError as e:
        _fail(str(e), 2)
    outcome = with_store(rules, lambda store: actions.snooze(store, mention_id, who, until, now))
    _say(outcome, f"mention {mention_id} sleeps until {until:%Y-%m-%d %H:%M} UTC", mention_id)


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.option("--as", "who", default=_who, help="Who says so.")
def reopen(path: Path, mention_id: int, who: str) -> None:
    """It is to be answered after all."""
    from monitor import actions

    rules = read_rules(path, os.environ)
    outcome = with_store(rules, lambda store: actions.reopen(store, mention_id, who, datetime.now(UTC)))
    _say(outcome, f"mention {mention_id} is open again", mention_id)


@cli.command()
@RULES
@click.argument("mention_id", type=int)
@click.option("--needs-reply/--no-reply", "needs_reply", default=None, help="Whether somebody should have answered.")
@click.option("--tone", type=click.Choice(["positive", "neutral", "negative"]), help="How it was meant.")
@click.option("--as", "who", default=_who, help="Who says so.")
def correct(path: Path, mention_id: int, needs_reply: bool | None, tone: str | None, who: str) -> None:
    """Judging was wrong: say what is right. `monitor learn` learns from it."""
    from monitor import actions
    from monitor.app import with_learned
    from monitor.ingest import Ingest

    if needs_reply is None and tone is None:
        _fail("say --needs-reply, --no-reply or --tone", 2)
    rules, now = read_rules(path, os.environ), datetime.now(UTC)
    outcome = with_store(
        rules,
        lambda store: actions.correct(
            Ingest(with_learned(rules, store), store), mention_id, who, now, needs_reply=needs_reply, label=tone
        ),
    )
    _say(outcome, f"kept; mention {mention_id} will be learned from", mention_id)


@cli.command()
@RULES
@click.option("--apply", is_flag=True, help="Take it over; the daemon judges by it after its next start.")
@click.option("--forget", is_flag=True, help="Judge as the program came again.")
@click.option("--as", "who", default=_who, help="Who decides.")
def learn(path: Path, apply: bool, forget: bool, who: str) -> None:
    """What learning from people's corrections would change. Changes nothing without --apply."""
    from monitor.learning import from_corrections

    rules, now = read_rules(path, os.environ), datetime.now(UTC)

    def look(store: Store) -> None:
        if forget:
            store.corrections.keep({}, who, now)
            click.echo("forgotten; the daemon judges as the program came after its next start")
            return
        found = from_corrections(store, rules.judging)
        click.echo(showing.learning(found))
        if apply and found is not None:
            store.corrections.keep(found.learned, who, now)
            click.echo("taken over; the daemon judges by it after its next start")

    with_store(rules, look)


# ---------------------------------------------------------------- trying out


@cli.command()
@RULES
@click.argument("source", required=False)
@click.option("--dry-run", is_flag=True, help="Fetch and judge, but save and send nothing.")
def poll(path: Path, source: str | None, dry_run: bool) -> None:
    """Look at one source, or all, right now."""
    from monitor.checking import poll_now

    rules = read_rules(path, os.environ)
    set_up("lines", "WARNING", secrets=rules.secrets())
    if source is not None and source not in rules.sources:
        _fail(f"there is no source called {source!r}; there are: {', '.join(rules.sources)}", 2)
    names = [source] if source else list(rules.sources)
    fine = asyncio.run(poll_now(rules, os.environ, names, datetime.now(UTC), click.echo, dry_run=dry_run))
    if not fine:
        sys.exit(1)


@cli.command("import")
@RULES
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The name under which these mentions are kept.")
def import_(path: Path, file: Path, source: str) -> None:
    """Read mentions from a file: JSON lines, or CSV with a first line that names the columns."""
    from monitor.app import with_learned
    from monitor.importing import UnreadableFileError, import_file
    from monitor.ingest import Ingest

    rules = read_rules(path, os.environ)
    now = datetime.now(UTC)
    try:
        found = with_store(
            rules, lambda store: import_file(file, source, rules, Ingest(with_learned(rules, store), store), now)
        )
    except UnreadableFileError as e:
        _fail(str(e), 1)
    for line in found.bad:
        click.echo(f"{file}: {line}", err=True)
    click.echo(
        f"read {found.read}, new {found.saved.new}, edited {found.saved.edited}, "
        f"waiting for an answer {found.saved.opened}, unreadable {found.bad_count}"
    )
    if found.bad_count:
        sys.exit(1)


@cli.command()
@click.option("--rules", "path", type=click.Path(path_type=Path), help="Judge by these rules instead of the defaults.")
@click.option("--evaluate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Labelled TSV or JSONL.")
def judge(path: Path | None, evaluate: Path | None) -> None:
    """Judge lines or JSON lines from stdin; one JSON verdict a line on stdout."""
    from monitor.judging import JudgingRules
    from monitor.judging.lines import judge_lines, read_lines

    rules = read_rules(path, os.environ).judging if path else JudgingRules()
    if evaluate is not None:
        from monitor.judging.evaluation import evaluate as measure

        with evaluate.open("rb") as file:
            click.echo(measure(read_lines(file), rules).table())
        return
    out = sys.stdout.buffer
    for line in judge_lines(read_lines(sys.stdin.buffer), rules):
        out.write(line.encode("utf-8") + b"\n")
        out.flush()


@cli.command("digest")
@RULES
@click.option("--week", help="An ISO week such as 2026-W47; the last full one, if not given.")
@click.option("--dry-run", is_flag=True, help="Print it, send nothing.")
@JSON
def digest_(path: Path, week: str | None, dry_run: bool, as_json: bool) -> None:
    """The week in numbers and words."""
    from monitor import digest

    rules = read_rules(path, os.environ)
    now = datetime.now(UTC)
    try:
        wanted = digest.parse_week(week) if week else digest.last_week(rules, now)
    except ValueError as e:
        _fail(str(e), 2)

    def tell(store: Store) -> None:
        if dry_run or as_json:
            found = digest.gather(rules, store, wanted, now)
            click.echo(json.dumps(found.figures, ensure_ascii=False) if as_json else digest.text(rules, found))
            return
        new = digest.tell(rules, store, wanted, now)
        click.echo(f"digest {wanted} will be sent" if new else f"digest {wanted} was sent before")

    with_store(rules, tell)


@cli.command("test-alert")
@RULES
def test_alert(path: Path) -> None:
    """Send a test message to every channel of the rules, and say whether it arrived."""
    from monitor.checking import send_test

    rules = read_rules(path, os.environ)
    set_up("lines", "ERROR", secrets=rules.secrets())
    results = asyncio.run(send_test(rules, os.environ, datetime.now(UTC)))
    click.echo(showing.checks(results))
    if any(not r.fine for r in results):
        sys.exit(1)


@cli.command()
@click.option("--language", type=click.Choice(["ko", "en"]), default="en")
@click.option("--speed", type=float, default=1.0, help="2 is twice as fast; 0 does not wait at all.")
def demo(language: str, speed: float) -> None:
    """A day in the life of the monitor, on a compressed clock, with no accounts at all."""
    from monitor.demo import run_demo

    set_up("lines", "ERROR", secrets=())
    run_demo(language, timedelta(seconds=0 if speed <= 0 else 0.35 / speed), click.echo)


# ---------------------------------------------------------------- inside


def with_store(rules: Rules, look: Callable[[Store], Any]) -> Any:
    """Open the database for one command, beside a daemon that may be running."""
    from monitor.app import open_store

    store = open_store(rules, os.environ, daemon=False)
    try:
        return look(store)
    finally:
        store.engine.close()


def _is_store_error(error: Exception) -> bool:
    """Whether the database is at fault; asked only when something went wrong, so that nothing is loaded for it."""
    from monitor.store import StoreError

    return isinstance(error, StoreError)


def _fail(words: str, code: int) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(code)
