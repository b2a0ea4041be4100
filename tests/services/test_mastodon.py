"""The Mastodon connector against a server that others wrote, which keeps what it is told (`mastodon.sh`).

Where that server differs from Mastodon, and what the tests therefore leave to the recordings: its ids are plain
numbers, its searches ignore `offset`, and a hashtag that is not ASCII breaks its `Link` header.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.base import AuthError, Kind, Mention
from connectors.mastodon import Mastodon
from tests.connectors.contract import MemoryMemo

pytestmark = [pytest.mark.services, pytest.mark.anyio]

BURST = 45
"""More than a page."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    script = Path(__file__).with_name("mastodon.sh")
    with subprocess.Popen([script, "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        line = server.stdout.readline()
        assert line, "it did not start"
        yield json.loads(line)["port"]
        server.stdin.close()
        server.wait(30)


class ByHttps(httpx.AsyncHTTPTransport):
    """The connector asks by https only; this server has no certificate."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return await super().handle_async_request(request)


class Town:
    """The server with its people: `post` writes as one of them, `drain` reads as the monitor does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.memo = MemoryMemo()
        self.cursors: dict[str, Any] = {}

    def connector(self, token: str = "lumi-token") -> Mastodon:
        settings = Mastodon.Settings(
            instance="https://social.example", token=token, hashtags=("lumicare",), search=("lumi",)
        )
        return Mastodon(settings, http=self.http, memo=self.memo, accounts=("@lumi", "@lumi_help@social.example"))

    async def post(self, who: str, text: str, **more: Any) -> dict[str, Any]:
        answer = await self.http.post(
            "https://social.example/api/v1/statuses",
            json={"status": text, **more},
            headers={"Authorization": f"Bearer {who}-token"},
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def drain(self, way: str, now: datetime) -> list[Mention]:
        found: list[Mention] = []
        for _ in range(60):
            connector = self.connector()
            which = next(w for w in connector.ways() if w.name == way)
            page = await connector.fetch(which, self.cursors.get(way), now)
            self.cursors[way] = json.loads(json.dumps(page.cursor))
            found += page.mentions
            assert page.skipped == 0
            if not page.more:
                return found
        raise AssertionError("there is always more")


@pytest.fixture
async def town(port: int) -> AsyncIterator[Town]:
    async with httpx.AsyncClient(transport=ByHttps(port)) as http:
        yield Town(http)


async def test_a_day_in_town(town: Town) -> None:
    now = datetime.now(UTC)
    assert (await town.connector().access(now)).account == "@lumi@social.example"
    await town.post("harin", "@lumi 처음 뵙겠습니다 #lumicare")
    for way in ("notifications", "hashtags", "search", "own"):
        await town.drain(way, now)

    # A burst is read to its end, each once; what is private stays so.
    posted = {}
    for i in range(BURST):
        more = {"spoiler_text": "불만"} if i == 3 else {"visibility": "direct"} if i == 4 else {}
        posted[(await town.post("harin", f"@lumi 질문 {i} #lumicare", **more))["uri"]] = i
    now = datetime.now(UTC) + timedelta(seconds=1)
    found = await town.drain("notifications", now)
    assert sorted(posted[m.id] for m in found) == list(range(BURST))
    by_number = {posted[m.id]: m for m in found}
    assert by_number[3].text == "불만\n@lumi 질문 3 #lumicare"
    assert (by_number[4].kind, by_number[4].private) == (Kind.MESSAGE, True)
    assert all(m.addressed and m.author.handle == "harin@social.example" for m in found)
    tagged = await town.drain("hashtags", now)
    assert {posted[m.id] for m in tagged if m.id in posted} == set(range(BURST)) - {4}
    assert not await town.drain("notifications", now)

    # An answer is posted once, whatever happened to the first try, and stops the clock by its exact parent.
    mention = by_number[7]
    reply = await town.connector().reply(mention, "확인하고 있어요 🙏", "key-1")
    assert await town.connector().reply(mention, "확인하고 있어요 🙏", "key-1") == reply
    town.memo.kept["sent"] = {"key-1": None}
    assert (await town.connector().reply(mention, "확인하고 있어요 🙏", "key-1")).id == reply.id
    (ours,) = await town.drain("own", now)
    assert ours.ours
    assert ours.in_reply_to == mention.answer_id
    assert ours.text == "@harin 확인하고 있어요 🙏"
    private = await town.connector().reply(by_number[4], "네", "key-2")
    (ours,) = await town.drain("own", now)
    assert (ours.answer_id, ours.private) == (private.id, True)

    # Natively given answers are found too: to the mention itself, and to its second part.
    await town.post("lumi", "@harin 네!", in_reply_to_id=by_number[8].ref["id"])
    second = await town.post("harin", "그리고 하나 더", in_reply_to_id=by_number[9].ref["id"])
    await town.post("lumi_help", "@harin 알겠습니다", in_reply_to_id=second["id"])
    asked = [by_number[i] for i in range(6, 12)]
    replies = await town.connector().replies(asked, datetime.now(UTC))
    assert sorted(posted[i] for i in replies) == [7, 8, 9]
    assert replies[by_number[9].id].by == "lumi_help@social.example"


async def test_a_token_that_nobody_has_is_dead(town: Town) -> None:
    with pytest.raises(AuthError):
        await town.connector("nobodys-token").access(datetime.now(UTC))
