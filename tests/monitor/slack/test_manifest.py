"""The app that people make from our manifest can do what the client does, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.slack.client import SCOPES
from tests.fake_slack import SCOPES as GRANTED

PATH = Path(__file__).parents[3] / "slack-manifest.yaml"


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load(PATH.read_text("utf-8"))


def test_the_app_asks_for_exactly_the_scopes_that_the_client_needs(manifest: Any) -> None:
    asked = manifest["oauth_config"]["scopes"]["bot"]
    assert sorted(asked) == sorted(SCOPES)
    assert list(manifest["oauth_config"]["scopes"]) == ["bot"], "it acts as itself, never as a person"


def test_the_fake_slack_grants_what_the_manifest_asks_for(manifest: Any) -> None:
    assert set(GRANTED.split(",")) == set(manifest["oauth_config"]["scopes"]["bot"])


def test_slack_takes_the_lengths_of_its_words(manifest: Any) -> None:
    shown = manifest["display_information"]
    assert shown["name"] == manifest["features"]["bot_user"]["display_name"] == "Mention monitor"
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140


def test_every_scope_is_explained() -> None:
    lines = PATH.read_text("utf-8").splitlines()
    for scope in SCOPES:
        (at,) = (i for i, line in enumerate(lines) if line.split("#")[0].strip() == f"- {scope}")
        assert "#" in lines[at] or lines[at - 1].strip().startswith("#"), scope


def test_the_token_does_not_rotate_since_nobody_would_store_the_new_one(manifest: Any) -> None:
    assert manifest["settings"]["token_rotation_enabled"] is False
