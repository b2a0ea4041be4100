"""The Slack outlet against a Slack Web API that others wrote, and that keeps what it is told (`slack.sh`).

Where that server is milder than Slack, and what the tests therefore leave to the fake one: it knows no rate limits and
checks no blocks, lets a bot post where it is not, and takes a token that it has never seen for an administrator's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from monitor.slack import SlackOutlet
from monitor.telling import GoneError, Posted, RefusedError, Sought
from tests.cards import NOW, told

pytestmark = [pytest.mark.services, pytest.mark.anyio]

ALERT = replace(told("mention"), language="ko")


@pytest.fixture
def outlet(slack_url: str) -> SlackOutlet:
    return SlackOutlet(SecretStr("xoxb-lumi"), slack_url)


@pytest.fixture
def noscope(slack_url: str) -> SlackOutlet:
    return SlackOutlet(SecretStr("xoxb-noscope"), slack_url)


def seen(slack_url: str, at: Posted) -> list[dict[str, Any]]:
    """A message and its thread, as anybody reads them."""
    assert at.channel and at.ts
    found = WebClient("xoxb-lumi", base_url=slack_url).conversations_replies(channel=at.channel, ts=at.ts)
    messages: list[dict[str, Any]] = found["messages"]
    return messages


async def test_a_message_its_thread_and_its_edit_arrive(slack_url: str, outlet: SlackOutlet) -> None:
    root = await outlet.post("#mentions", ALERT, "mention:1", None)
    stage = replace(ALERT, kind="stage", stage="due", urgency="overdue", now=NOW + timedelta(minutes=31))
    line = await outlet.post("#mentions", stage, "stage:1:due", root)
    first, second = seen(slack_url, root)
    assert "크림이 새서 왔어요. 환불 되나요?" in first["text"]
    assert "크림이 새서 왔어요. 환불 되나요?" in str(first["blocks"])
    assert (second["ts"], second["thread_ts"]) == (line.ts, root.ts)

    await outlet.edit(
        root, replace(told("mention", state="answered", replied_at=NOW, closed_who="미나"), language="ko")
    )
    edited, _ = seen(slack_url, root)
    assert edited["ts"] == root.ts
    assert "미나" in edited["text"]
    assert "미나" in str(edited["blocks"])
    assert "edited" in edited


async def test_what_has_arrived_is_found_by_its_key_in_channel_and_thread(outlet: SlackOutlet) -> None:
    began = datetime.now(UTC)
    root = await outlet.post("mentions", ALERT, "mention:2", None)
    line = await outlet.post("mentions", replace(ALERT, kind="stage"), "stage:2:soon", root)
    found = await outlet.find(
        "mentions",
        {"mention:2": Sought(began), "stage:2:soon": Sought(began, root), "mention:none": Sought(began)},
    )
    assert found == {"mention:2": root, "stage:2:soon": line}
    await outlet.edit(root, ALERT)
    assert await outlet.find("mentions", {"mention:2": Sought(began)}) == {"mention:2": root}, "an edit keeps the key"


async def test_a_key_far_down_the_channel_is_found(outlet: SlackOutlet) -> None:
    began = datetime.now(UTC)
    at = await outlet.post("weekly", ALERT, "digest:1", None)
    for i in range(205):
        await outlet.post("weekly", told("stage"), f"digest:more:{i}", None)
    assert await outlet.find("weekly", {"digest:1": Sought(began)}) == {"digest:1": at}


async def test_a_message_that_is_not_there_is_gone(outlet: SlackOutlet) -> None:
    at = await outlet.post("mentions", ALERT, "mention:3", None)
    with pytest.raises(GoneError):
        await outlet.edit(Posted(at.channel, "1.000001"), ALERT)


async def test_a_check_says_what_is_missing(outlet: SlackOutlet) -> None:
    assert await outlet.check(["mentions", "#weekly"]) == []
    not_in, nowhere = await outlet.check(["general", "nowhere"])
    assert "/invite" in not_in
    assert "no channel #nowhere" in nowhere


async def test_a_token_without_scopes_is_told_which_it_needs(noscope: SlackOutlet, outlet: SlackOutlet) -> None:
    at = await outlet.post("mentions", ALERT, "mention:4", None)
    assert at.channel
    (problem,) = await noscope.check(["mentions"])
    assert "channels:read" in problem
    with pytest.raises(RefusedError, match="chat:write"):
        await noscope.post(at.channel, ALERT, "mention:5", None)
    with pytest.raises(RefusedError, match="channels:history"):
        await noscope.find(at.channel, {"mention:5": Sought(NOW)})
    assert await outlet.find("mentions", {"mention:5": Sought(datetime.now(UTC))}) == {}


async def test_a_channel_that_does_not_exist_is_refused_in_words(outlet: SlackOutlet) -> None:
    with pytest.raises(RefusedError, match="no such channel"):
        await outlet.post("C0NOWHERE", ALERT, "mention:6", None)
