"""Servers that more than one of these tests talks to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def slack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Slack (`slack.sh`) whose bot is in the channels #mentions and #weekly."""
    env = {**os.environ, "SLACK_RUN": str(tmp_path_factory.mktemp("slack"))}

    def script(word: str) -> str:
        done = subprocess.run([HERE / "slack.sh", word], env=env, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    url = script("start")
    assert url.startswith("http://127.0.0.1:")
    try:
        people = WebClient("xoxb-invites", base_url=url)
        for channel in people.conversations_list()["channels"]:
            if channel["name"] in {"mentions", "weekly"}:
                people.conversations_join(channel=channel["id"])
        yield url
    finally:
        script("stop")
