"""Trying things out on request: credentials, one look at a source, a test message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connectors.base import ChecksAccess, ConnectorError, Polls
from monitor.app import App, make
from monitor.config import Rules
from monitor.ingest import document
from monitor.polling import Eye
from monitor.showing import Result, printable
from monitor.slack import SlackOutlet
from monitor.telling import BusyError, NotSentError, RefusedError, Told, UnclearError

PATIENCE = 20.0


async def check_online(rules: Rules, environ: Mapping[str, str], now: datetime) -> list[Result]:
    """Try every source's credentials, and Slack's, without saving anything."""
    app = make(rules, environ, daemon=False)
    try:
        results = list(await asyncio.gather(*(_check(eye, now) for eye in app.eyes.values())))
        slack = app.outlets.get("slack")
        if isinstance(slack, SlackOutlet):
            channels = {r.channel for r in rules.routes.values()} | {rules.digest.channel or ""}
            problems = await slack.check(sorted(c for c in channels if c))
            results += [Result("slack", False, p) for p in problems] or [Result("slack", True, "can post and look up")]
        return results
    finally:
        await app.close()


async def _check(eye: Eye, now: datetime) -> Result:
    place = f"sources.{eye.source.name}"
    try:
        async with asyncio.timeout(PATIENCE):
            if isinstance(eye.connector, ChecksAccess):
                access = await eye.connector.access(now)
                words = "; ".join([f"answers as {access.account}" if access.account else "answers", *access.warnings])
                return Result(place, True, words)
            if isinstance(eye.connector, Polls):
                page = await eye.connector.fetch(eye.connector.ways()[0], None, now)
                return Result(place, True, f"answers; {len(page.mentions)} items on the newest page")
    except ConnectorError as e:
        return Result(place, False, f"{type(e).__name__}: {e}")
    except TimeoutError:
        return Result(place, False, f"no answer within {PATIENCE:.0f} s")
    return Result(place, True, "is not asked, it is told")


async def poll_now(
    rules: Rules,
    environ: Mapping[str, str],
    names: Sequence[str],
    now: datetime,
    say: Callable[[str], object],
    *,
    dry_run: bool,
) -> bool:
    """Look at these sources now. A dry run prints what is on the newest page and saves nothing."""
    app = make(rules, environ, daemon=False)
    try:
        if not dry_run:
            app.polling.agree(now)
        fine = [await (_look if dry_run else _poll)(app, name, now, say) for name in names]
        return all(fine)
    finally:
        await app.close()


async def _poll(app: App, name: str, now: datetime, say: Callable[[str], object]) -> bool:
    fine = True
    for state in app.store.ways.all():
        if state.source != name:
            continue
        saved = await app.polling.poll(state, now)
        if saved is None:
            error = next(s for s in app.store.ways.all() if (s.source, s.way) == (name, state.way))
            say(f"{name} ({state.way}): cannot look: {error.error}")
            fine = False
        else:
            say(f"{name} ({state.way}): new {saved.new}, edited {saved.edited}, waiting for an answer {saved.opened}")
    return fine


async def _look(app: App, name: str, now: datetime, say: Callable[[str], object]) -> bool:
    eye, fine = app.eyes[name], True
    for way in eye.ways().values():
        try:
            async with asyncio.timeout(PATIENCE):
                page = await eye.connector.fetch(way, None, now)  # type: ignore[attr-defined]
        except (ConnectorError, TimeoutError) as e:
            say(f"{name} ({way.name}): cannot look: {e or 'no answer in time'}")
            fine = False
            continue
        say(f"{name} ({way.name}): {len(page.mentions)} items on the newest page")
        for mention in page.mentions:
            topics = app.ingest.matcher.match(document(mention, name))
            if mention.ours or not (topics or mention.owned or mention.addressed):
                continue
            verdict = app.ingest.judge_one(mention, topics)
            need = "needs a reply" if verdict.needs_reply else "needs no reply"
            first = " ".join(mention.text.split())[:80]
            say(
                f"  {verdict.priority:<8} {need:<14} {mention.author.handle or mention.author.name}: {printable(first)}"
            )
    return fine


async def send_test(rules: Rules, environ: Mapping[str, str], now: datetime) -> list[Result]:
    """A test message to every channel that the rules name, and to the fallback."""
    app = make(rules, environ, daemon=False)
    wanted = {rules.channel(route) for route in rules.routes}
    wanted |= {f"mail:{address}" for address in rules.fallback.mail}
    wanted |= {"hook:"} if rules.fallback.webhook else set()
    told = Told(
        "note", rules.brand.language, rules.brand.timezone, now, note={"what": "test", "brand": rules.brand.name}
    )
    results = []
    try:
        for channel in sorted(wanted):
            kind, _, to = channel.partition(":")
            try:
                await app.outlets[kind].post(to, told, f"test:{now.isoformat()}:{channel}", None)
            except (RefusedError, NotSentError, UnclearError, BusyError) as e:
                results.append(Result(channel, False, str(e)))
            else:
                results.append(Result(channel, True, "the test message arrived"))
        return results
    finally:
        await app.close()
