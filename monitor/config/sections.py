"""The shape of rules.yaml, section by section: types and keys, nothing that needs a second section to judge."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from monitor.deadlines import parse_duration


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be a length of time such as 10m, 1h30m or 2d")
    return parse_duration(value)


Length = Annotated[timedelta, BeforeValidator(_duration)]
Names = Annotated[list[str], BeforeValidator(_one_or_many)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Priority = Literal["critical", "high", "normal", "low"]
Intent = Literal[
    "question", "request", "complaint", "praise", "purchase", "churn", "spam", "sponsored", "news", "chatter"
]


class Section(BaseModel):
    """Unknown keys are refused; values are not bent into another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Brand(Section):
    name: Word
    id: Word | None = None  # keeps the data together when the name changes
    language: Literal["ko", "en"] = "en"
    timezone: Word = "UTC"
    accounts: dict[str, Names] = {}


class Topic(Section):
    query: Annotated[str, Field(min_length=1)]
    competitor: bool = False


class Source(Section):
    connector: Word
    every: Length | None = None
    settings: dict[str, Any] = {}
    topics: Names | None = None
    enabled: bool = True


class Judging(Section):
    languages: Names | None = None
    urgent: dict[str, Names] = {}
    threshold: Literal["cautious", "balanced", "strict"] | float = "balanced"
    weights: dict[str, float] = {}


class When(Section):
    priority: Annotated[list[Priority], BeforeValidator(_one_or_many)] | None = None
    intent: Annotated[list[Intent], BeforeValidator(_one_or_many)] | None = None
    topic: Names | None = None
    platform: Names | None = None
    source: Names | None = None
    kind: Names | None = None
    language: Names | None = None
    rating: Word | None = None
    followers: Word | None = None
    vip: bool | None = None
    owned: bool | None = None
    addressed: bool | None = None
    private: bool | None = None
    urgent: bool | None = None


class Target(Section):
    name: Word
    when: When = When()
    reply_within: Length
    hours: Word | None = None
    clock: Literal["team", "always"] = "team"
    route: Word | None = None


class Route(Section):
    channel: Word
    when: When | None = None
    stages: list[Word] = ["new", "10m before", "due"]
    private: bool = False  # texts of private messages may be quoted here


class Slack(Section):
    bot_token: SecretStr | None = None


class Fallback(Section):
    mail: Names = []
    webhook: SecretStr | None = None


class Mail(Section):
    smtp: SecretStr
    sender: Word = Field(alias="from")


class Digest(Section):
    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    channel: Word | None = None
    mail: Names = []


class Web(Section):
    listen: Annotated[str, Field(pattern=r"^[^\s:]*(:[^\s:]*)*:\d{1,5}$")] = "127.0.0.1:8080"


class Network(Section):
    allow_private: Names = []
