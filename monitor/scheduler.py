"""The daemon: APScheduler wakes it for a handful of jobs; what is due stands in rows.

The clock is read here, once per job, and goes inward as `now`. SIGTERM and SIGINT stop it in order: no new work, what
runs may finish, and what does not finish in time is repeated after the next start, since nothing of it was recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import alerts, digest, health, replies
from monitor.app import App
from monitor.store import StoreError, WayState
from monitor.web import Server, server

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Ways polled at the same time."""

PATIENCE = 6.0
"""Seconds that running work may take to end after a signal; the container is killed after 10."""

THREADS = 32

DRIFT = timedelta(seconds=30)


def utcnow() -> datetime:
    return datetime.now(UTC)


class Daemon:
    """Runs one app until it is told to stop."""

    def __init__(self, app: App, clock: Callable[[], datetime] = utcnow) -> None:
        self.app = app
        self.clock = clock
        self.started_at = clock()
        self.ticked_at = self.started_at
        self.stopping = asyncio.Event()
        self._polls: set[asyncio.Task[object]] = set()
        self._jobs: set[asyncio.Task[object]] = set()
        self._beside: dict[str, asyncio.Task[None]] = {}  # work per channel and per source
        self._stuck: dict[str, str] = {}  # job: why it cannot do its work
        self.scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    async def run(self) -> bool:
        """Until a signal comes, or `stopping` is set. False when work was cut off: threads of it may still wait for
        somebody who does not answer, and are not to be waited for."""
        loop = asyncio.get_running_loop()
        # Slack and mail may hold threads for seconds: the database and the health page are not to wait for them.
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="monitor"))
        for sig in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sig, self.stopping.set)
        await asyncio.to_thread(self.app.polling.agree, self.clock())
        await asyncio.to_thread(self.app.store.begin, self.clock())
        await asyncio.to_thread(self.app.delivery.begin, self.clock())
        for name, job, seconds in self.jobs():
            self.scheduler.add_job(self._guarded, "interval", args=(name, job), seconds=seconds, id=name)
        self.scheduler.start()
        web = self._serve()
        watch = asyncio.create_task(self._watch_clock())
        log.info("started brand=%s sources=%d", self.app.rules.brand.id, len(self.app.eyes))
        try:
            await self.stopping.wait()
        finally:
            log.info("stopping running=%d", len(self._polls) + len(self._jobs))
            self.scheduler.shutdown(wait=False)
            watch.cancel()
            if web is not None:
                web[0].should_exit = True
            whole = await self._finish()
            if web is not None:
                with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(web[1], 2)
            log.info("stopped")
        return whole

    def jobs(self) -> list[tuple[str, Callable[[], Awaitable[object]], float]]:
        """(name, job, seconds between runs)."""
        return [
            ("tick", self.tick, 1),
            ("sweep", self.sweep, 2),
            ("replies", self.replies, 3),
            ("pump", self.pump, 1),
            ("ring", self.ring, 30),
            ("digest", self.digest, 60),
            ("heal", self.heal, 60),
        ]

    # ------------------------------------------------------------ jobs

    async def tick(self) -> None:
        """Hand out the ways that are due; a poll never blocks the next tick."""
        now = self.clock()
        self.ticked_at = now
        free = AT_ONCE - len(self._polls)
        if free <= 0:
            return
        for state in await asyncio.to_thread(self.app.polling.claim, now, self.app.owner, free):
            self._start(state, now)

    async def sweep(self) -> None:
        app, now = self.app, self.clock()
        await asyncio.to_thread(alerts.sweep, app.rules, app.store, now, app.asks, self.started_at)

    async def replies(self) -> None:
        """Ask the platforms whether we have answered; one that hangs holds up nobody else."""
        store, now = self.app.store, self.clock()
        for eye in replies.able(self.app.eyes.values()):
            self._begin(f"replies {eye.source.name}", partial(replies.ask, store, eye, now))

    async def pump(self) -> None:
        """Send what is due; a channel that hangs holds up nobody else, the fallback least of all."""
        delivery, now = self.app.delivery, self.clock()
        for channel in await asyncio.to_thread(self.app.store.outbox.channels, now):
            self._begin(f"send {channel}", partial(delivery.drain, channel, now))

    async def ring(self) -> None:
        await self.app.delivery.ring(self.clock())

    async def digest(self) -> None:
        await asyncio.to_thread(digest.sweep, self.app.rules, self.app.store, self.clock())

    async def heal(self) -> None:
        app = self.app
        await asyncio.to_thread(app.store.ways.heal, self.clock(), app.polling.longest_wait)

    # ------------------------------------------------------------ inside

    def health(self) -> health.Report:
        stuck = [*self._stuck.values(), *self.app.polling.stuck.values()]
        return health.report(self.app.store, self.app.delivery.refused, self.ticked_at, self.clock(), stuck)

    async def _guarded(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        """A job's edge: what goes wrong is said once, and the next run is the retry."""
        task = asyncio.ensure_future(job())
        self._jobs.add(task)
        try:
            # Shielded: APScheduler cancels running jobs at shutdown, but what was begun is to be recorded.
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise
        except StoreError as e:
            if str(e) not in self._stuck.values():
                log.error("job=%s %s", name, e)
            self._stuck[name] = str(e)
        except Exception:
            log.exception("broke job=%s", name)
        else:
            if self._stuck.pop(name, None) is not None and not self._stuck:
                log.info("the database works again job=%s", name)
        finally:
            if task.done():
                self._jobs.discard(task)
            else:
                task.add_done_callback(self._jobs.discard)

    def _begin(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        """Do it beside everything else, unless it is still being done."""
        if name not in self._beside:
            task = asyncio.create_task(self._guarded(name, job))
            self._beside[name] = task
            task.add_done_callback(lambda _: self._beside.pop(name, None))

    def _start(self, state: WayState, now: datetime) -> None:
        task: asyncio.Task[object] = asyncio.create_task(self.app.polling.poll(state, now))
        self._polls.add(task)
        task.add_done_callback(self._polls.discard)

    async def _finish(self) -> bool:
        """Let running work end; what takes too long is cancelled and will be repeated. Whether all of it ended."""
        running = self._polls | self._jobs
        if not running:
            return True
        _, late = await asyncio.wait(running, timeout=PATIENCE)
        for task in late:
            task.cancel()
        if late:
            log.warning("cut off work=%d", len(late))
            await asyncio.wait(late, timeout=1)
        return not late

    def _serve(self) -> tuple[Server, asyncio.Task[None]] | None:
        if self.app.rules.listen is None:
            return None
        web = server(self.health, self.app.rules.listen)
        return web, asyncio.create_task(self._web(web))

    async def _web(self, web: Server) -> None:
        try:
            await web.serve()
        except SystemExit:  # how uvicorn says that the address is taken
            log.error("cannot listen on %s:%d; the health page is off", *(self.app.rules.listen or ("", 0)))

    async def _watch_clock(self) -> None:
        """A wall clock that was set back would keep APScheduler silent until it has caught up: wake the jobs."""
        wall, steady = self.clock(), time.monotonic()
        while True:
            await asyncio.sleep(5)
            passed = timedelta(seconds=time.monotonic() - steady)
            now = self.clock()
            if abs((now - wall) - passed) > DRIFT:
                log.warning("the clock jumped seconds=%d", ((now - wall) - passed).total_seconds())
                if now < wall:
                    await asyncio.to_thread(self.app.store.clock_set_back, now)
                for job in self.scheduler.get_jobs():
                    job.modify(next_run_time=now)
            wall, steady = now, time.monotonic()
