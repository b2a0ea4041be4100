"""The feed connector against a site that Hugo builds and serves (`hugo.sh`): RSS, JSON Feed, Last-Modified, no ETag."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import anyio
import httpx
import pytest

from connectors.base import Cursor, Mention, SettingsError, TransientError
from connectors.feed import Feed
from tests.connectors.contract import MemoryMemo

pytestmark = [pytest.mark.services, pytest.mark.anyio]

SCRIPT = Path(__file__).with_name("hugo.sh")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the site lives: SERVICES_HOME if it is set, else a folder of this run's own."""
    given = os.environ.get("SERVICES_HOME")
    return Path(given) if given else tmp_path_factory.mktemp("services")


def hugo(home: Path, *words: str) -> str:
    env = {**os.environ, "SERVICES_HOME": str(home)}
    done = subprocess.run([SCRIPT, *words], env=env, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    address = hugo(home, "start")
    assert address.startswith("http://127.0.0.1:")
    try:
        yield address
    finally:
        hugo(home, "stop")


class Site:
    """The site as the monitor sees it; `codes` are the answers since the last poll began."""

    def __init__(self, http: httpx.AsyncClient, address: str, home: Path) -> None:
        self.http, self.address, self.home = http, address, home
        self.memo = MemoryMemo()
        self.now = datetime.now(UTC)
        self.cursor: Cursor | None = None
        self.codes: list[int] = []
        http.event_hooks = {"response": [self._answered]}

    async def _answered(self, response: httpx.Response) -> None:
        self.codes.append(response.status_code)

    async def poll(self, path: str) -> Mapping[str, Mention]:
        feed = Feed(Feed.Settings(url=self.address + path), http=self.http, memo=self.memo)
        (way,) = feed.ways()
        self.codes.clear()
        self.now += timedelta(minutes=15)
        page = await feed.fetch(way, self.cursor, self.now)
        self.cursor = json.loads(json.dumps(page.cursor))
        assert page.gap is None
        assert page.skipped == 0
        return {m.url.removeprefix(self.address): m for m in page.mentions}

    async def write(self, name: str, title: str, text: str) -> None:
        """Write a post and wait until the site holds it, in another second than before."""
        await anyio.sleep(1.1)
        hugo(self.home, "post", name, title, text)
        for _ in range(300):
            if f"<h1>{title}</h1>" in unescape((await self.http.get(f"{self.address}posts/{name}/")).text):
                break
            await anyio.sleep(0.1)
        else:
            pytest.fail("the site was not built anew")
        await anyio.sleep(1.1)


@pytest.fixture
async def site(address: str, home: Path) -> AsyncIterator[Site]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Site(http, address, home)


@pytest.mark.parametrize("path", ["index.xml", "index.json"])
async def test_what_the_site_holds_is_read(site: Site, path: str) -> None:
    found = await site.poll(path)
    cream, serum, about = (found[f"posts/{name}/"] for name in ("cream", "serum", "about"))
    assert cream.title == '루미 크림 "환불" 후기 😤'
    assert [line for line in cream.text.splitlines() if line] == ["3주째 답이 없어요.", "앱 버전 3.2"]
    assert (cream.published, cream.time_uncertain) == (datetime(2026, 3, 2, 3, tzinfo=UTC), False)
    assert serum.published == datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert (serum.text, serum.language) == ("It stung a little, then it calmed down.", None), "not ko, as the site says"
    assert (about.published, about.time_uncertain) == (site.now, True), "an undated post is not of the year 1"
    assert {m.namespace for m in found.values()} == {site.address + path}


@pytest.mark.parametrize("path", ["index.xml", "index.json"])
async def test_a_post_is_found_once_and_its_edit_is_an_edit(site: Site, path: str) -> None:
    name = path.replace(".", "-")
    await site.poll(path)
    await anyio.sleep(1.1)
    await site.poll(path)
    assert await site.poll(path) == {}
    assert site.codes == [304]
    await site.write(name, "새 글 & <3", "루미 최고 👍🏽")
    (new,) = (await site.poll(path)).values()
    assert (new.title, new.text, new.edited) == ("새 글 & <3", "루미 최고 👍🏽", None)
    assert not new.time_uncertain
    await site.write(name, "새 글 (수정)", "루미 최고였는데 😢")
    (edited,) = (await site.poll(path)).values()
    assert (edited.id, edited.published) == (new.id, new.published)
    assert (edited.text, edited.edited) == ("루미 최고였는데 😢", site.now)
    assert await site.poll(path) == {}


async def test_the_home_page_leads_to_its_feed(site: Site) -> None:
    assert "posts/cream/" in await site.poll("")
    assert site.codes == [200, 200]
    await site.poll("")
    assert len(site.codes) == 1, "the feed is asked for directly"


async def test_what_is_no_feed_is_refused_in_the_right_way(site: Site) -> None:
    with pytest.raises(SettingsError):
        await site.poll("posts/cream/")
    with pytest.raises(SettingsError):
        await site.poll("sitemap.xml")
    with pytest.raises(TransientError):
        await site.poll("nothing.xml")
