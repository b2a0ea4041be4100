"""What it costs, each figure next to a floor measured in the same run: `python bench/run.py [--quick] [--only ingest]`.

A figure in seconds says more about the machine than about us, so every one comes as a ratio to something that does the
least that could be done: a bare VADER, plain sqlite3, a bare HTTP client, the same question asked of an empty table.
Both sides take turns, round by round, so that a busy machine is busy for both. bench/README.md explains each line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import feedparser  # noqa: E402, after the path
import httpx  # noqa: E402
from ahocorasick_rs import AhoCorasick  # noqa: E402
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: E402

from connectors.base import Author, Kind, Mention, Page  # noqa: E402
from monitor import alerts  # noqa: E402
from monitor.app import App, make  # noqa: E402
from monitor.config import Rules, read_rules  # noqa: E402
from monitor.http import make_client, shared_ssl_context  # noqa: E402
from monitor.ingest import UNJUDGED, Arrival, Ingest, document  # noqa: E402
from monitor.judging import Verdict  # noqa: E402
from monitor.query import Matcher, parse  # noqa: E402
from monitor.store import Store, open_engine  # noqa: E402
from monitor.store.facts import Judged, PageWork  # noqa: E402
from monitor.store.tables import author, deadline, mention, outbox  # noqa: E402

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
PAGE = 100
HOSTS = 100
AT_ONCE = 40


# ---------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, ours, the floor, and how ours compares (1 is as good as the floor)."""

    name: str
    ours: str
    floor: str
    ratio: float

    def row(self) -> str:
        return f"| {self.name} | {self.ours} | {self.floor} | {self.ratio:.2f} |"


def rate(name: str, ours: Sequence[float], floor: Sequence[float], count: int, what: str, than: str) -> Figure:
    """From the seconds that `count` things took in each round."""
    ratio = median(f / o for o, f in zip(ours, floor, strict=True))
    mine, least = count / median(ours), count / median(floor)
    return Figure(name, f"{mine:,.0f} {what}/s", f"{least:,.0f}/s: {than}", ratio)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# ---------------------------------------------------------------- what people write

KOREAN = (
    "루미 {thing} {n}번 주문했는데 아직도 안 왔어요. 언제 오나요?",
    "루미 {thing} 쓰고 얼굴에 두드러기가 났어요 환불해 주세요 {n}",
    "오늘 루미 {thing} 샀는데 향이 너무 좋아요ㅎㅎ 추천합니다 {n}",
    "루미는 {thing} 가격을 또 올렸네 {n}원이라니 이제 안 사",
    "혹시 루미 {thing} 재입고 언제 되는지 아시는 분? {n}",
    "루미 매장 {n}호점 직원분이 친절해서 {thing} 두 개나 샀어요!",
)
ENGLISH = (
    "My Lumi {thing} order {n} still has not arrived, where is it? Support does not answer.",
    "I love the new Lumi {thing}!! Best I have used in {n} years, thank you so much :)",
    "The Lumi {thing} broke out my skin after {n} days. How do I get a refund?",
    "Lumi announced a {thing} today, available in {n} stores next month, says the company in a statement.",
    "Does the Lumi {thing} work for sensitive skin? Asking for a friend, {n} times burnt before.",
    "Not impressed by Lumi's {thing}. It is okay, but not for {n} dollars.",
)
THINGS = ("크림", "세럼", "cream", "serum", "선크림", "toner", "마스크팩", "lip balm")
FILLER = " 그리고 배송도 느렸고 포장도 찢어져 있었습니다. The rest of the story is long, and nobody needs to read it."


def texts(count: int, seed: int = 1) -> list[str]:
    """Half Korean, half English, all different, 40 to 400 characters as on most platforms."""
    rand = random.Random(seed)
    found = []
    for n in range(count):
        said = rand.choice(KOREAN if n % 2 else ENGLISH).format(thing=rand.choice(THINGS), n=n)
        found.append(said + FILLER * rand.choice((0, 0, 0, 1, 2)))
    return found


def mentions(count: int, seed: int = 1) -> list[Mention]:
    return [
        Mention(
            platform="bench",
            id=f"{seed}-{n}",
            url=f"https://bench.example/{n}",
            kind=Kind.POST,
            author=Author(f"a{n % 5000}", f"author{n % 5000}", followers=n % 1000),
            text=said,
            published=NOW - timedelta(seconds=n % 600),
        )
        for n, said in enumerate(texts(count, seed))
    ]


RULES = """
brand: {{name: Lumi, language: ko, timezone: Asia/Seoul}}
topics: {{lumi: lumi OR 루미}}
sources:
{sources}
targets: [{{name: standard, reply_within: 9h, clock: always}}]
routes: {{default: {{channel: C0MENTIONS, stages: [new, 10m before, due, 15m after]}}}}
network: {{allow_private: [127.0.0.0/8]}}
web: null
"""


def rules(folder: Path, sources: int = 1, port: int = 1, path: str = "many") -> Rules:
    file = folder / "rules.yaml"
    each = "\n".join(
        f'  s{n}: {{connector: feed, every: 5m, settings: {{url: "http://{address(n)}:{port}/{path}/{n}"}}}}'
        for n in range(sources)
    )
    file.write_text(RULES.format(sources=each), "utf-8")
    return read_rules(file, {})


def address(n: int) -> str:
    """Loopback has sixteen million addresses: each stands for a host."""
    return f"127.0.1.{1 + n % HOSTS}"


@contextmanager
def opened(folder: Path, name: str = "bench") -> Iterator[Store]:
    store = Store(open_engine(f"sqlite:///{folder / name}.db", daemon=True), "lumi", b"key")
    try:
        yield store
    finally:
        store.engine.close()


# ---------------------------------------------------------------- ingest


class Plain:
    """The least that keeps a mention: one table with two indexes, one transaction per page, synchronous=FULL."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE mention (id INTEGER PRIMARY KEY, platform TEXT, native_id TEXT, author TEXT, url TEXT,"
            " kind TEXT, text TEXT, published REAL, found REAL, tone REAL, due REAL, UNIQUE (platform, native_id));"
            "CREATE INDEX published ON mention (published); CREATE INDEX due ON mention (due);"
            "CREATE TABLE cursor (value TEXT); INSERT INTO cursor VALUES ('')"
        )

    def save(self, page: Sequence[Mention], scores: Sequence[float]) -> None:
        rows = [
            (m.platform, m.id, m.author.id, m.url, "post", m.text, m.published.timestamp(), 0.0, s, 0.0)
            for m, s in zip(page, scores, strict=True)
        ]
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany(
            "INSERT INTO mention (platform, native_id, author, url, kind, text, published, found, tone, due)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            rows,
        )
        self.db.execute("UPDATE cursor SET value = ?", (page[-1].id,))
        self.db.execute("COMMIT")


class Unjudging(Ingest):
    """The door without its judge."""

    def judge_one(self, mention: Mention, topics: frozenset[str], contacts: int = 0, to_us: bool = False) -> Verdict:
        return UNJUDGED


def ingest(folder: Path, quick: bool) -> Iterator[Figure]:
    """Match, judge and save, page by page, against VADER and plain inserts of the same texts."""
    pages = 12 if quick else 60
    read = rules(folder)
    vader = SentimentIntensityAnalyzer()
    plain = Plain(folder / "plain.db")
    cut = [mentions(PAGE, seed) for seed in range(4 * pages + 1)]
    held = frozenset({"lumi"})
    took: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], object]) -> None:
        took.setdefault(name, []).append(seconds(work))

    def scored(page: Sequence[Mention]) -> list[float]:
        return [vader.polarity_scores(m.text)["compound"] for m in page]

    with opened(folder, "ingest") as store:
        store.ways.agree([("s0", "entries")], NOW)
        door, quiet = Ingest(read, store), Unjudging(read, store)
        arrival = Arrival(read.sources["s0"], "entries", due_at=NOW)

        def judged(page: Sequence[Mention]) -> list[Judged]:
            return [Judged(m, door.judge_one(m, held), held, False, False, None) for m in page]

        def matched(page: Sequence[Mention]) -> list[frozenset[str]]:
            return [door.matcher.match(document(m, "s0")) for m in page]

        door.save(Page(cut.pop(), {}), arrival, NOW)  # the first text loads the tables
        for one, two, three, four in zip(*[iter(cut)] * 4, strict=True):
            page = Page(one, {"n": 1})
            note("all", partial(door.save, page, arrival, NOW))
            note("floor", lambda page=one: plain.save(page, scored(page)))  # type: ignore[misc]
            note("again", partial(door.save, page, arrival, NOW))
            note("quiet", partial(quiet.save, Page(two, {"n": 2}), arrival, NOW))
            note("plain", partial(plain.save, two, [0.0] * PAGE))
            note("judge", partial(judged, three))
            note("vader", partial(scored, three))
            note("match", partial(matched, three))
            work = PageWork("s0", "entries", judged(four), cursor={"n": 3}, due_at=NOW)
            note("save", partial(store.mentions.save_page, work, NOW))
    both, one_table = "VADER and plain sqlite3", "plain sqlite3, one table"
    yield rate("ingest: match, judge, deadline, save", took["all"], took["floor"], PAGE, "mentions", both)
    yield rate("the same without judging", took["quiet"], took["plain"], PAGE, "mentions", one_table)
    yield rate(
        "judging alone", took["judge"], took["vader"], PAGE, "texts", "VADER, which judges only tone and English"
    )
    yield rate("saving alone", took["save"], took["plain"], PAGE, "mentions", one_table)
    yield rate("matching alone", took["match"], took["vader"], PAGE, "texts", "VADER")
    yield rate("a page that is known already", took["again"], took["floor"], PAGE, "mentions", both)


# ---------------------------------------------------------------- topics


def topics(folder: Path, quick: bool) -> Iterator[Figure]:
    """One pass over a text for all topics, however many, against ten of them and against the bare automaton."""
    found = [document(m, "s0") for m in mentions(300 if quick else 1000, seed=3)]
    counts = (10, 1_000, 10_000) if quick else (10, 1_000, 50_000)
    made, built = {}, {}
    for count in counts:
        queries = {f"t{n}": parse(f"lumi{n} OR 루미{n} OR (lumi AND thing{n})") for n in range(count)}
        start = time.perf_counter()
        made[count] = Matcher(queries)
        built[count] = time.perf_counter() - start
    words = [w for n in range(counts[-1]) for w in (f"lumi{n}", f"루미{n}", f"thing{n}")]
    bare = AhoCorasick(["lumi", *words])
    took: dict[int, list[float]] = {count: [] for count in counts}
    least: list[float] = []
    for _ in range(5):
        for count in counts:
            took[count].append(seconds(lambda topics=made[count]: [topics.match(d) for d in found]))  # type: ignore[misc]
        least.append(seconds(lambda: [bare.find_matches_as_indexes(d.text.lower()) for d in found]))
    for count in counts:
        than = "the same texts, 10 topics" if count > 10 else f"the automaton alone, {counts[-1]:,} topics"
        floor = took[10] if count > 10 else least
        name = f"matching {count:,} topics (built in {built[count]:.2f} s)"
        yield rate(name, took[count], floor, len(found), "texts", than)


# ---------------------------------------------------------------- polling


def feed(entries: int = 20) -> bytes:
    items = "".join(
        f"<item><guid>{n}</guid><title>News {n}</title><link>http://127.0.0.1/{n}</link>"
        f"<pubDate>Wed, 25 Nov 2026 0{n % 3}:00:00 GMT</pubDate><description>{said}</description></item>"
        for n, said in enumerate(texts(entries, seed=5))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Bench</title>'
        f"<link>http://127.0.0.1/</link>{items}</channel></rss>"
    ).encode()


async def serve() -> None:
    """A server that knows two feeds, and that they have not changed; it lives until its input ends."""
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\nETag: "1"\r\n'
    many, few = (head + b"Content-Length: %d\r\n\r\n" % len(f) + f for f in (feed(), feed(2)))
    same = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                writer.write(same if b"if-none-match" in asked.lower() else few if b" /few/" in asked else many)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=1000)  # all of loopback
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def served() -> Iterator[int]:
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def app_for(folder: Path, read: Rules, name: str) -> App:
    url = f"sqlite:///{folder / name}.db"
    return make(read, {"MONITOR_DATABASE_URL": url, "MONITOR_KEY": "bench"}, daemon=True)


async def at_once(calls: Sequence[Callable[[], Awaitable[object]]]) -> float:
    """Seconds for all of these, `AT_ONCE` at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(call: Callable[[], Awaitable[object]]) -> None:
        async with places:
            await call()

    start = time.perf_counter()
    await asyncio.gather(*(one(call) for call in calls))
    return time.perf_counter() - start


def polling(folder: Path, quick: bool) -> Iterator[Figure]:
    """Feeds on 100 hosts, asked through connector, guarded client and store, against bare httpx on the same hosts."""
    with served() as port:
        yield from asyncio.run(_polling(folder, port, rounds=2 if quick else 7))


async def _polling(folder: Path, port: int, rounds: int) -> list[Figure]:
    app = app_for(folder, rules(folder, HOSTS, port), "polling")
    bare = [httpx.AsyncClient(verify=shared_ssl_context(), trust_env=False) for _ in range(HOSTS)]
    guarded = make_client(allow_private=["127.0.0.0/8"])
    urls = [f"http://{address(n)}:{port}/many/{n}" for n in range(HOSTS)]
    eyes = [app.eyes[f"s{n}"] for n in range(HOSTS)]
    (way,) = eyes[0].ways().values()
    asked: dict[str, str] = {"If-None-Match": '"1"'}
    cursors: list[Any] = [None] * HOSTS

    def fetch(n: int) -> Callable[[], Awaitable[object]]:
        async def call() -> None:
            page = await eyes[n].connector.fetch(way, cursors[n], NOW)  # type: ignore[attr-defined]
            cursors[n] = page.cursor

        return call

    def fetch_new(n: int) -> Callable[[], Awaitable[object]]:
        return lambda: eyes[n].connector.fetch(way, None, NOW)  # type: ignore[attr-defined]

    def get(client: httpx.AsyncClient, n: int, headers: dict[str, str]) -> Callable[[], Awaitable[object]]:
        return lambda: client.get(urls[n], headers=headers)

    async def get_and_read(n: int) -> None:
        answer = await bare[n].get(urls[n])
        await asyncio.to_thread(feedparser.parse, BytesIO(answer.content))

    each = range(HOSTS)
    took: dict[str, list[float]] = {k: [] for k in ("bare 304", "bare 200", "client", "304", "200", "poll")}
    await at_once([fetch(n) for n in each])  # the first look, and the connections
    app.polling.agree(NOW)
    now = NOW
    for state in app.polling.claim(now, "bench", HOSTS):
        await app.polling.poll(state, now)
    for _ in range(rounds):
        took["bare 304"].append(await at_once([get(bare[n], n, asked) for n in each] * 4) / 4)
        took["client"].append(await at_once([get(guarded, n, asked) for n in each] * 4) / 4)
        took["304"].append(await at_once([fetch(n) for n in each] * 4) / 4)
        took["bare 200"].append(await at_once([partial(get_and_read, n) for n in each]))
        took["200"].append(await at_once([fetch_new(n) for n in each]))
        now += timedelta(minutes=10)
        start = time.perf_counter()
        states = await asyncio.to_thread(app.polling.claim, now, "bench", HOSTS)
        await at_once([partial(app.polling.poll, state, now) for state in states])
        took["poll"].append(time.perf_counter() - start)
        assert len(states) == HOSTS
    for client in bare:
        await client.aclose()
    await guarded.aclose()
    await app.close()
    than = "bare httpx, a client per host"
    read_too = "bare httpx and bare feedparser"
    return [
        rate("the guarded client, 304", took["client"], took["bare 304"], HOSTS, "requests", than),
        rate("a feed asked, 304", took["304"], took["bare 304"], HOSTS, "sources", than),
        rate("a feed asked and read, 200, 20 entries", took["200"], took["bare 200"], HOSTS, "sources", read_too),
        rate("a poll: claim, ask, 304, save the cursor", took["poll"], took["bare 304"], HOSTS, "sources", than),
    ]


# ---------------------------------------------------------------- memory


def memory(folder: Path, quick: bool) -> Iterator[Figure]:
    """What more sources weigh, once each has been polled."""
    with served() as port:
        count = 150 if quick else 1000
        few, many = (weighed(folder, n, port) for n in (10, count))
    name = f"memory with {count:,} sources (rules read in {many['read']:.1f} s)"
    yield Figure(name, f"{many['rss']:.0f} MB", f"{few['rss']:.0f} MB: 10 sources", few["rss"] / many["rss"])


def weighed(folder: Path, sources: int, port: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--weigh", str(sources), "--port", str(port)]
    done = subprocess.run([*command, "--folder", str(folder)], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


async def weigh(folder: Path, sources: int, port: int) -> None:
    start = time.perf_counter()
    read = rules(folder, sources, port, "few")
    took = time.perf_counter() - start
    app = app_for(folder, read, f"memory{sources}")
    app.polling.agree(NOW)
    while states := app.polling.claim(NOW, "bench", 50):
        await asyncio.gather(*(app.polling.poll(state, NOW) for state in states))
    assert all(w.succeeded_at for w in app.store.ways.all())
    print(json.dumps({"rss": rss(), "read": took}))
    await app.close()


def rss() -> float:
    """Resident memory of this process in MB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


# ---------------------------------------------------------------- years of rows


def sweep(folder: Path, quick: bool) -> Iterator[Figure]:
    """What is due is found by an index: years of what is done with must not matter."""
    closed = 20_000 if quick else 200_000
    read = rules(folder)
    with opened(folder, "young") as young, opened(folder, "old") as old:
        fill(young, waiting=10_000, closed=0)
        fill(old, waiting=10_000, closed=closed)
        took: dict[str, list[float]] = {k: [] for k in ("young", "old", "idle young", "idle old")}
        for n in range(5):
            now = NOW + timedelta(hours=n)
            for name, store in (("young", young), ("old", old)):
                took[name].append(seconds(partial(alerts.sweep, read, store, now)))
                took[f"idle {name}"].append(seconds(partial(idle, store, now)))
    name = f"a sweep: 100 of 10,000 deadlines due, {closed:,} closed"
    yield rate(name, took["old"], took["young"], 100, "deadlines", "the same, none closed")
    mine, least = median(took["idle old"]) * 1000, median(took["idle young"]) * 1000
    name = f"a second in which nothing is due, {closed:,} closed"
    yield Figure(name, f"{mine:.1f} ms", f"{least:.1f} ms: none closed", least / mine)


def idle(store: Store, now: datetime) -> None:
    """What the daemon asks every second or two."""
    store.ways.claim(now, timedelta(minutes=10), "bench", 50)
    store.deadlines.due(now)
    store.outbox.channels(now - timedelta(days=1))
    store.deadlines.to_ask("s0", now - timedelta(days=1), 50)


def fill(store: Store, waiting: int, closed: int) -> None:
    """Deadlines of which 100 come due every hour, and what is long over, each with its mention and its message."""
    total = waiting + closed
    long_ago = NOW - timedelta(days=400)
    with store.engine.transaction() as c:
        c.execute(author.insert(), [author_row(n) for n in range(1000)])
        for start in range(0, total, 5000):
            part = range(start, min(total, start + 5000))
            c.execute(mention.insert(), [mention_row(n) for n in part])
            if told := [outbox_row(n, long_ago) for n in part if n >= waiting]:
                c.execute(outbox.insert(), told)
            c.execute(deadline.insert(), [deadline_row(n, n < waiting, long_ago) for n in part])


def author_row(n: int) -> dict[str, Any]:
    return {
        "id": n + 1,
        "brand_id": "lumi",
        "platform": "bench",
        "native_id": f"a{n}",
        "handle": f"author{n}",
        "name": "",
        "url": "",
        "first_seen_at": NOW,
    }


def mention_row(n: int) -> dict[str, Any]:
    empty = {"title": "", "namespace": "", "url": "", "content_hash": "", "ref": {}, "topics": ["lumi"], "reasons": []}
    judged = {
        "language": "ko",
        "label": "negative",
        "intents": ["complaint"],
        "needs_reply": True,
        "priority": "normal",
    }
    flags = {"private": False, "owned": False, "addressed": False, "check": False, "urgent": False, "baseline": False}
    return {
        **empty,
        **judged,
        **flags,
        "needs_reply_score": 0.9,
        "id": n + 1,
        "brand_id": "lumi",
        "platform": "bench",
        "native_id": str(n),
        "answer_id": str(n),
        "source": "s0",
        "way": "entries",
        "author_id": 1 + n % 1000,
        "kind": "post",
        "text": "루미 크림 환불 언제 되나요?",
        "published_at": NOW - timedelta(days=n % 400),
        "found_at": NOW,
    }


def outbox_row(n: int, at: datetime) -> dict[str, Any]:
    return {
        "brand_id": "lumi",
        "dedupe_key": f"mention:{n}",
        "channel": "slack:C0MENTIONS",
        "kind": "mention",
        "payload": {},
        "state": "sent",
        "created_at": at,
        "not_before": at,
        "sent_at": at,
    }


def deadline_row(n: int, is_open: bool, at: datetime) -> dict[str, Any]:
    wake_at = NOW + timedelta(hours=n // 100) if is_open else None
    return {
        "brand_id": "lumi",
        "mention_id": n + 1,
        "cause": "first",
        "source": "s0",
        "target": "standard",
        "route": "default",
        "opened_at": wake_at or at,
        "due_at": (wake_at or at) + timedelta(hours=9),
        "wake_at": wake_at,
        "reply_due_at": wake_at,
        "closed_at": None if is_open else at,
        "closed_by": None if is_open else "reply",
    }


# ---------------------------------------------------------------- all of it

PARTS: dict[str, Callable[[Path, bool], Iterator[Figure]]] = {
    "ingest": ingest,
    "topics": topics,
    "polling": polling,
    "memory": memory,
    "sweep": sweep,
}


def machine() -> str:
    load = os.getloadavg()[0]
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {python}, SQLite {sqlite}, load {load:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows: under a minute")
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="only this part; may be repeated")
    for name in ("--serve", "--weigh", "--port", "--folder"):  # what we call ourselves with
        parser.add_argument(name, help=argparse.SUPPRESS, **({"action": "store_true"} if name == "--serve" else {}))  # type: ignore[arg-type]
    given = parser.parse_args()
    if given.serve:
        return asyncio.run(serve())
    if given.weigh:
        return asyncio.run(weigh(Path(given.folder), int(given.weigh), int(given.port)))
    began = time.perf_counter()
    print(f"{machine()}\n\n| what | ours | floor, same run | ratio |\n| --- | --- | --- | --- |", flush=True)
    for name, part in PARTS.items():
        if given.only and name not in given.only:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for figure in part(Path(folder), given.quick):
                print(figure.row(), flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s; load at the end {os.getloadavg()[0]:.1f}")
    return None


if __name__ == "__main__":
    main()
