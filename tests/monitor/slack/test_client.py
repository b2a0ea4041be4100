"""The client against a Slack that behaves, and misbehaves as the real one does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from monitor.slack import SlackOutlet
from monitor.telling import BusyError, GoneError, NotSentError, Posted, RefusedError, Sought, UnclearError
from tests.cards import told
from tests.fake_slack import TOKEN, FakeSlack

pytestmark = pytest.mark.anyio
ALERT = told("mention")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(seed=3) as made:
        yield made


@pytest.fixture
def outlet(slack: FakeSlack) -> SlackOutlet:
    return SlackOutlet(SecretStr(TOKEN), slack.url)


async def test_a_message_arrives_with_its_key_and_text(slack: FakeSlack, outlet: SlackOutlet) -> None:
    at = await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    (message,) = slack.messages()
    assert at == Posted("C0MENTIONS", message.ts)
    assert message.metadata == {"event_type": "mention_monitor", "event_payload": {"key": "mention:1"}}
    assert message.text.startswith("하루 (haru)")
    assert message.blocks


async def test_a_channel_may_be_named(slack: FakeSlack, outlet: SlackOutlet) -> None:
    assert (await outlet.post("#mentions", ALERT, "a", None)).channel == "C0MENTIONS"
    assert (await outlet.post("mentions", ALERT, "b", None)).channel == "C0MENTIONS"
    assert slack.calls["conversations.list"] == 1


async def test_a_stage_goes_into_the_thread_and_overdue_to_the_channel_as_well(
    slack: FakeSlack, outlet: SlackOutlet
) -> None:
    root = await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    for urgency in ("soon", "overdue"):
        stage = told("stage")
        stage = type(stage)(**{f: getattr(stage, f) for f in stage.__dataclass_fields__} | {"urgency": urgency})
        await outlet.post("C0MENTIONS", stage, f"stage:1:{urgency}", root)
    _, soon, overdue = slack.messages()
    assert (soon.thread_ts, soon.broadcast) == (root.ts, False)
    assert (overdue.thread_ts, overdue.broadcast) == (root.ts, True)


async def test_an_edit_changes_text_and_blocks(slack: FakeSlack, outlet: SlackOutlet) -> None:
    at = await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    await outlet.edit(at, told("mention", state="closed"))
    (message,) = slack.messages()
    assert message.edits == 1
    assert "needs no reply" in message.text
    assert "needs no reply" in str(message.blocks)


async def test_a_message_that_somebody_deleted_is_gone(slack: FakeSlack, outlet: SlackOutlet) -> None:
    at = await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    slack.channels["C0MENTIONS"].messages.clear()
    with pytest.raises(GoneError):
        await outlet.edit(at, ALERT)


@pytest.mark.parametrize(
    ("fault", "arrives"), [("drop_before", 0), ("drop_after", 1), ("error_before", 0), ("error_after", 1)]
)
async def test_what_may_have_arrived_is_unclear_and_can_be_looked_up(
    slack: FakeSlack, outlet: SlackOutlet, fault: str, arrives: int
) -> None:
    setattr(slack.faults, fault, 1.0)
    began = datetime.now(UTC)
    with pytest.raises(UnclearError):
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    assert len(slack.messages()) == arrives  # and never two: the client repeats nothing by itself
    found = await outlet.find("C0MENTIONS", {"mention:1": Sought(began), "other": Sought(began)})
    assert found is not None
    assert list(found) == ["mention:1"] * arrives


async def test_a_line_of_a_thread_is_looked_for_in_its_thread(slack: FakeSlack, outlet: SlackOutlet) -> None:
    root = await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    at = await outlet.post("C0MENTIONS", told("stage"), "stage:1:due", root)
    found = await outlet.find("C0MENTIONS", {"stage:1:due": Sought(datetime.now(UTC), root)})
    assert found == {"stage:1:due": at}


async def test_a_key_far_down_the_channel_is_found(slack: FakeSlack, outlet: SlackOutlet) -> None:
    began = datetime.now(UTC)
    await outlet.post("C0MENTIONS", ALERT, "first", None)
    for i in range(450):
        slack.answer("chat.postMessage", {"channel": "C0MENTIONS", "text": str(i)}, TOKEN)
    found = await outlet.find("C0MENTIONS", {"first": Sought(began)})
    assert found is not None
    assert "first" in found


@pytest.mark.parametrize(
    ("named", "wanted"),
    [("30", timedelta(seconds=30)), ("abc", None), ("", None), ("1000000000", timedelta(seconds=10**6)), ("-5", None)],
)
async def test_429_is_patience_for_as_long_as_slack_says(
    slack: FakeSlack, outlet: SlackOutlet, named: str, wanted: timedelta | None
) -> None:
    slack.faults.limited, slack.faults.retry_after = 1.0, named
    with pytest.raises(BusyError) as caught:
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    assert caught.value.retry_after == wanted


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("not_in_channel", "/invite"),
        ("channel_not_found", "invite the bot"),
        ("is_archived", "archived"),
        ("token_revoked", "SLACK_BOT_TOKEN"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("something_new", "something_new"),
    ],
)
async def test_what_a_person_must_mend_is_refused_in_words(
    slack: FakeSlack, outlet: SlackOutlet, code: str, words: str
) -> None:
    slack.faults.refuse = code
    with pytest.raises(RefusedError, match=words):
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)


@pytest.mark.parametrize("code", ["fatal_error", "internal_error", "request_timeout", "service_unavailable"])
async def test_slacks_own_maybe_is_unclear(slack: FakeSlack, outlet: SlackOutlet, code: str) -> None:
    slack.faults.refuse = code
    with pytest.raises(UnclearError):
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)


async def test_blocks_that_slack_refuses_are_sent_as_plain_text(
    slack: FakeSlack, outlet: SlackOutlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [{"type": "divider"}] * 51
    monkeypatch.setattr("monitor.slack.client.message", lambda _: ("the text", broken))
    await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    (message,) = slack.messages()
    assert (message.text, message.blocks) == ("the text", [])


async def test_nobody_there_is_certainly_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outlet = SlackOutlet(SecretStr(TOKEN), f"http://127.0.0.1:{port}/api")
    with pytest.raises(NotSentError):
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)


async def test_no_right_to_read_is_said_in_words(slack: FakeSlack, outlet: SlackOutlet) -> None:
    slack.scopes = "chat:write"
    with pytest.raises(RefusedError, match="channels:history"):
        await outlet.find("C0MENTIONS", {"a": Sought(datetime.now(UTC))})


async def test_a_check_names_what_is_missing(slack: FakeSlack, outlet: SlackOutlet) -> None:
    assert await outlet.check(["C0MENTIONS", "weekly"]) == []
    slack.scopes = "chat:write,channels:read"
    slack.channels["C0WEEKLY"].member = False
    found = await outlet.check(["C0MENTIONS", "C0WEEKLY", "nowhere"])
    assert "channels:history" in found[0]
    assert "C0WEEKLY: the bot is not in the channel" in found[1]
    assert "no channel #nowhere" in found[2]


async def test_a_wrong_token_is_one_clear_line(slack: FakeSlack) -> None:
    outlet = SlackOutlet(SecretStr("xoxb-wrong"), slack.url)
    (found,) = await outlet.check(["C0MENTIONS"])
    assert "the bot token is wrong" in found


async def test_the_token_shows_nowhere(slack: FakeSlack, outlet: SlackOutlet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    slack.faults.error_after = 1.0
    with pytest.raises(UnclearError) as caught:
        await outlet.post("C0MENTIONS", ALERT, "mention:1", None)
    assert TOKEN not in caplog.text + str(caught.value) + repr(outlet.__dict__)
