"""The Bluesky connector against the reference servers: account server, app view and directory (`bluesky.sh`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from connectors.base import AuthError, Kind, Mention, ReplyRefusedError
from connectors.bluesky import Bluesky
from tests.connectors.contract import MemoryMemo

pytestmark = [pytest.mark.services, pytest.mark.anyio]

POSTS = "app.bsky.feed.post"
BURST = 130
"""More than a page."""


@pytest.fixture(scope="module")
def network() -> Iterator[dict[str, str]]:
    """The addresses of the servers; the first start fetches them and takes minutes."""
    script = Path(__file__).with_name("bluesky.sh")
    subprocess.run([script, "install"], check=True)
    with subprocess.Popen([script, "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdin and servers.stdout
        try:
            line = servers.stdout.readline()
            assert line, "they did not start"
            yield json.loads(line)
        finally:
            servers.stdin.close()
            servers.wait(60)


class Person:
    """Somebody with an account."""

    def __init__(self, town: Town, handle: str, made: dict[str, Any]) -> None:
        self.town, self.handle, self.did, self.token = town, handle, made["did"], made["accessJwt"]

    async def call(self, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self.town.call(method, body, self.token)

    async def write(self, collection: str, record: dict[str, Any], **where: str) -> dict[str, str]:
        """Returns uri and cid."""
        whole = {"$type": collection, "createdAt": moment(), **record}
        said = {"repo": self.did, "collection": collection, "record": whole, **where}
        made = await self.call("com.atproto.repo.createRecord", said)
        return {"uri": made["uri"], "cid": made["cid"]}

    async def post(self, text: str, **more: Any) -> dict[str, str]:
        return await self.write(POSTS, {"text": text, "langs": ["ko"], **more})

    async def address(self, other: Person, text: str) -> dict[str, str]:
        name = f"@{other.handle}"
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": other.did}
        facet = {"index": {"byteStart": 0, "byteEnd": len(name)}, "features": [feature]}
        return await self.post(f"{name} {text}", facets=[facet])


class Town:
    """The network: `settle` returns when everything written has been indexed."""

    def __init__(self, http: httpx.AsyncClient, network: dict[str, str]) -> None:
        self.http, self.service, self.settled = http, network["service"], network["settled"]
        self.memo = MemoryMemo()
        self.brand: Person | None = None
        self.password = ""

    async def call(self, method: str, body: dict[str, Any] | None, token: str = "") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.post(f"{self.service}/xrpc/{method}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def settle(self) -> None:
        (await self.http.get(self.settled)).raise_for_status()

    async def person(self, name: str) -> Person:
        handle = f"{name}.test"
        said = {"handle": handle, "email": f"{name}@mail.example", "password": f"pw-{name}"}
        return Person(self, handle, await self.call("com.atproto.server.createAccount", said))

    def monitor(self, *, memo: MemoryMemo | None = None, **settings: Any) -> Bluesky:
        assert self.brand
        given = {"handle": self.brand.handle, "app_password": self.password, "service": self.service, **settings}
        return Bluesky(Bluesky.Settings(**given), http=self.http, memo=memo or self.memo)

    async def read(self, way: str, cursor: Any = None, now: datetime | None = None, **settings: Any) -> Any:
        """All pages of a way, and the cursor after them."""
        found: dict[str, Mention] = {}
        for _ in range(20):
            connector = self.monitor(**settings)
            which = next(w for w in connector.ways() if w.name == way)
            page = await connector.fetch(which, cursor, now or datetime.now(UTC))
            assert not page.skipped
            assert page.gap is None
            found |= {m.id: m for m in page.mentions}
            cursor = json.loads(json.dumps(page.cursor))
            if not page.more:
                return found, cursor
        raise AssertionError("there is always more")


def moment(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_names = iter(range(1000))


@pytest.fixture
async def town(network: dict[str, str]) -> AsyncIterator[Town]:
    """A brand of its own for each test, with an app password."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        town = Town(http, network)
        town.brand = await town.person(f"lumi{next(_names)}")
        made = await town.brand.call("com.atproto.server.createAppPassword", {"name": "monitor"})
        town.password = made["password"]
        yield town


@pytest.fixture
def brand(town: Town) -> Person:
    assert town.brand
    return town.brand


@pytest.fixture
async def minji(town: Town) -> Person:
    return await town.person(f"minji{next(_names)}")


async def test_a_mention_a_reply_and_a_quote_are_seen_and_answered(town: Town, brand: Person, minji: Person) -> None:
    launch = await brand.post("새로운 진정 크림이 나왔어요 ✨")
    ref = {"root": launch, "parent": launch}
    asked = await minji.address(brand, "크림 바르고 두드러기 났어요 😢")
    below = await minji.post("저도 같은 증상이에요", reply=ref)
    quote = await minji.post("", embed={"$type": "app.bsky.embed.record", "record": launch})
    await town.settle()

    found, _ = await town.read("notifications")
    assert set(found) == {asked["uri"], below["uri"], quote["uri"]}
    assert all(m.addressed and not m.ours and m.author.id == minji.did for m in found.values())
    mention = found[asked["uri"]]
    assert mention.text == f"@{brand.handle} 크림 바르고 두드러기 났어요 😢"
    assert (mention.author.handle, mention.author.followers, mention.language) == (minji.handle, 0, "ko")
    assert mention.ref["cid"] == asked["cid"]
    assert (found[below["uri"]].kind, found[below["uri"]].in_reply_to) == (Kind.REPLY, launch["uri"])
    assert found[quote["uri"]].text == "[quote]"

    monitor = town.monitor()
    now = datetime.now(UTC)
    assert await monitor.replies(list(found.values()), now) == {}
    text = f"안녕하세요 @{minji.handle} 확인하겠습니다 🙏 https://lumi.example/faq #루미"
    given = await monitor.reply(mention, text, "key-1")
    under = await monitor.reply(found[below["uri"]], "네, 살펴볼게요", "key-2")
    await town.settle()

    answers = await monitor.replies(list(found.values()), datetime.now(UTC))
    assert {i: a.id for i, a in answers.items()} == {asked["uri"]: given.id, below["uri"]: under.id}
    own, _ = await town.read("own")
    assert own[given.id].in_reply_to == asked["uri"]
    assert (own[under.id].in_reply_to, own[under.id].conversation) == (below["uri"], launch["uri"])
    seen = await town.http.get(
        f"{town.service}/xrpc/com.atproto.repo.getRecord",
        params={"repo": brand.did, "collection": POSTS, "rkey": given.id.rpartition("/")[2]},
    )
    raw = text.encode()
    marked = [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in seen.json()["value"]["facets"]]
    assert marked == [f"@{minji.handle}", "https://lumi.example/faq", "#루미"]


async def test_the_same_key_answers_once_whoever_tries_and_how_often(town: Town, brand: Person, minji: Person) -> None:
    asked = await minji.address(brand, "배송 언제 와요?")
    await town.settle()
    found, _ = await town.read("notifications")
    given = set()

    async def answer() -> None:
        given.add((await town.monitor().reply(found[asked["uri"]], "오늘 출발해요", "key")).id)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(answer)
    await answer()
    assert len(given) == 1
    listed = await town.http.get(
        f"{town.service}/xrpc/com.atproto.repo.listRecords", params={"repo": brand.did, "collection": POSTS}
    )
    assert len(listed.json()["records"]) == 1


async def test_a_post_that_is_gone_or_closed_to_replies_takes_none(town: Town, brand: Person, minji: Person) -> None:
    gone = await minji.address(brand, "지울 글")
    closed = await minji.address(brand, "답글은 사양해요")
    gate = {"post": closed["uri"], "allow": []}
    await minji.write("app.bsky.feed.threadgate", gate, rkey=closed["uri"].rpartition("/")[2])
    await town.settle()
    found, _ = await town.read("notifications")
    await minji.call("com.atproto.repo.deleteRecord", record(gone["uri"]))
    await town.settle()
    for uri, words in ((gone["uri"], "gone"), (closed["uri"], "not reply")):
        with pytest.raises(ReplyRefusedError, match=words):
            await town.monitor().reply(found[uri], "네", "key")


async def test_a_deletion_is_told_after_an_hour_and_a_block_is_none(town: Town, brand: Person, minji: Person) -> None:
    other = await town.person(f"harin{next(_names)}")
    gone, hidden = await minji.address(brand, "지울 글"), await other.address(brand, "차단할 사람의 글")
    await town.settle()
    seen, cursor = await town.read("notifications")
    assert set(seen) == {gone["uri"], hidden["uri"]}
    await minji.call("com.atproto.repo.deleteRecord", record(gone["uri"]))
    await other.write("app.bsky.graph.block", {"subject": brand.did})
    await town.settle()
    start, told = datetime.now(UTC), []
    for minutes in (31, 62, 100, 131):
        found, cursor = await town.read("notifications", cursor, start + timedelta(minutes=minutes))
        told.append({i: m.deleted for i, m in found.items()})
    assert told == [{}, {}, {gone["uri"]: True}, {}]


async def test_a_burst_is_read_to_its_end(town: Town, brand: Person, minji: Person) -> None:
    word = f"버스트{next(_names)}"
    await town.settle()
    cursors = {}
    ways = ("notifications", "own", "mentions", f"search:{word}")
    for way in ways:
        _, cursors[way] = await town.read(way, search=[word])
    start = datetime.now(UTC)
    name = f"@{brand.handle}"
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": brand.did}
    facet = {"index": {"byteStart": 0, "byteEnd": len(name)}, "features": [feature]}
    for person, text, facets in ((minji, f"{name} {word}", [facet]), (brand, "공지", [])):
        # In the past: the app view keeps the newest notifications back for some seconds.
        times = [moment(start - timedelta(seconds=60 + n / 9)) for n in range(BURST)]
        posts = [{"$type": POSTS, "text": f"{text} {t}", "facets": facets, "createdAt": t} for t in times]
        writes = [{"$type": "com.atproto.repo.applyWrites#create", "collection": POSTS, "value": p} for p in posts]
        await person.call("com.atproto.repo.applyWrites", {"repo": person.did, "writes": writes})
    await town.settle()
    for way in ways:
        found, _ = await town.read(way, cursors[way], start + timedelta(minutes=2), search=[word])
        assert len(found) == BURST, way
        assert {m.ours for m in found.values()} == {way == "own"}


async def test_a_session_is_kept_renewed_and_replaced(town: Town, brand: Person) -> None:
    access = await town.monitor().access(datetime.now(UTC))
    assert access.account == f"@{brand.handle} ({brand.did})"
    assert not any("main password" in w for w in access.warnings)
    first = town.memo.kept["session"]
    assert first["pds"] == town.service
    await town.read("notifications")
    assert town.memo.kept["session"] == first

    soon = datetime.fromisoformat(first["renew_at"])
    assert timedelta(minutes=100) < soon - datetime.now(UTC) < timedelta(minutes=120)
    await town.read("notifications", now=soon)
    second = town.memo.kept["session"]
    assert second["refresh"] != first["refresh"]
    assert second["did"] == first["did"]

    second["access"] = second["access"][:-4] + "AAAA"
    await town.read("notifications")
    third = town.memo.kept["session"]
    assert len(town.memo.kept["logins"]["asked"]) == 1, "renewed, not logged in again"

    third["access"] = third["refresh"] = "spoilt"
    await town.read("notifications")
    assert len(town.memo.kept["logins"]["asked"]) == 2


async def test_a_login_that_cannot_work_says_so(town: Town, brand: Person) -> None:
    wrong = town.monitor(memo=MemoryMemo(), app_password="wrong-pass-word-here")
    with pytest.raises(AuthError, match="refused the handle and its app password"):
        await wrong.access(datetime.now(UTC))
    main = town.monitor(memo=MemoryMemo(), app_password=f"pw-{brand.handle.removesuffix('.test')}")
    assert any("main password" in w for w in (await main.access(datetime.now(UTC))).warnings)
    await town.monitor().access(datetime.now(UTC))
    await brand.call("com.atproto.server.deactivateAccount", {})
    for memo in (town.memo, MemoryMemo()):
        with pytest.raises(AuthError, match="deactivated"):
            await town.monitor(memo=memo).access(datetime.now(UTC))


def record(uri: str) -> dict[str, str]:
    repo, collection, rkey = uri.removeprefix("at://").split("/")
    return {"repo": repo, "collection": collection, "rkey": rkey}
