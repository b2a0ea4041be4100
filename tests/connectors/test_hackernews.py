"""Hacker News: prefixes are not mentions, a stale index is bridged, answers are found up the chain of parents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.base import Author, Kind, Mention, RateLimitedError
from connectors.hackernews import HackerNews
from tests.connectors.contract import Answered, ConnectorContract, Failure, Recording

SEARCH = "GET https://hn.algolia.com/api/v1/search_by_date?tags=(story,comment)"
OWN = "GET https://hn.algolia.com/api/v1/search_by_date?tags=comment,(author_lumi_team)"
NEWEST = "GET https://hn.algolia.com/api/v1/search_by_date?tags=comment"
ITEM = "GET https://hacker-news.firebaseio.com/v0/item/"


def moment(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def waiting(number: int, at: datetime, parent: int | None = None, story: int | None = 47000001) -> Mention:
    kind = Kind.COMMENT if parent else Kind.POST
    return Mention(
        "hackernews", str(number), f"https://news.ycombinator.com/item?id={number}", kind, Author("x"), "Lumi?", at,
        conversation=str(story) if story else None, in_reply_to=str(parent) if parent else None,
    )  # fmt: skip


class TestHackerNews(ConnectorContract):
    connector = HackerNews
    settings = {"queries": ["Lumi"]}
    accounts = ("lumi_team",)
    hosts = ("hn.algolia.com", "hacker-news.firebaseio.com")
    around = {NEWEST: "newest.json"}
    ways = {
        "search": Recording(
            ask=SEARCH,
            pages=("search-1.json", "search-2.json"),
            empty="nothing.json",
            items="hits",
            finds=("47000009", "47000007", "47000006", "47000005", "47000003", "47000001", "46999990"),
            ours=("47000005",),
        ),
        "own": Recording(
            ask=OWN,
            pages=("own-1.json", "own-2.json"),
            empty="nothing.json",
            items="hits",
            finds=("47000015", "47000013", "47000005"),
            ours=("47000015", "47000013", "47000005"),
        ),
    }
    # There is no key that could be wrong: a refusal is about the pace.
    deviates = {
        "403": Failure(403, RateLimitedError, timedelta(minutes=10)),
    }
    answered = Answered(
        waiting=(
            waiting(47000003, moment(8, 15), parent=47000001),  # answered at once
            waiting(47000001, moment(8)),  # a story that the brand commented in
            waiting(47000012, moment(10, 10), parent=47000011, story=47000011),  # answered two steps below
            waiting(47000009, moment(11, 40), parent=47000008),  # answered, and the index does not know it yet
            waiting(47000007, moment(11, 20), parent=47000001),  # the brand deleted its answer
            waiting(47000010, moment(11, 45), parent=47000002),  # same story, another branch
            waiting(47000018, moment(11, 59), story=47000018),  # nobody answered
        ),
        script={
            OWN: "own-all.json",
            "GET https://hacker-news.firebaseio.com/v0/user/lumi_team.json": "user.json",
            f"{ITEM}47000017.json": "item-own-new.json",
            f"{ITEM}47000016.json": "item-own-deleted.json",
            f"{ITEM}47000014.json": "item-between.json",
            f"{ITEM}47000008.json": {"id": 47000008, "type": "comment", "parent": 47000001, "time": 1772451000},
        },
        finds={
            "47000003": moment(9),
            "47000001": moment(9),
            "47000012": moment(11),
            "47000009": moment(11, 58),
        },
    )
    access = {"GET https://hacker-news.firebaseio.com/v0/user/lumi_team.json": "user.json"}
