"""What a rules file says, ready for use: every reference resolved, every query parsed, every calendar checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from connectors.base import Connector, FindsReplies, Settings
from monitor.conditions import Condition, Traits
from monitor.deadlines import Calendar, Plan, StageSpec
from monitor.judging import JudgingRules
from monitor.query import Query

DEFAULT_ROUTE = "default"
CONSOLE = "console:"


@dataclass(frozen=True, slots=True)
class Brand:
    id: str
    name: str
    language: str
    timezone: ZoneInfo
    accounts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Topic:
    query: Query
    competitor: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One use of a connector. `topics` None: listens for all of them."""

    name: str
    platform: str
    connector: type[Connector[Any]]
    settings: Settings
    every: timedelta | None
    topics: frozenset[str] | None
    accounts: tuple[str, ...]

    @property
    def finds_replies(self) -> bool:
        return issubclass(self.connector, FindsReplies)


@dataclass(frozen=True, slots=True)
class Target:
    """How soon mentions of one sort are answered. `always`: the clock never stops."""

    name: str
    when: Condition
    reply_within: timedelta
    calendar: Calendar
    always: bool
    route: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """Where, and at which stages, the team is told."""

    name: str
    channel: str
    when: Condition | None
    stages: tuple[StageSpec, ...]
    private: bool


@dataclass(frozen=True, slots=True)
class Mail:
    smtp: SecretStr
    sender: str


@dataclass(frozen=True, slots=True)
class Fallback:
    """Whom to tell when Slack is dead."""

    mail: tuple[str, ...] = ()
    webhook: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """`weekday` 0 is Monday; `at` is local time of the brand."""

    weekday: int
    at: time
    channel: str | None
    mail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    brand: Brand
    topics: Mapping[str, Topic]
    sources: Mapping[str, Source]
    judging: JudgingRules
    vip: frozenset[str]
    targets: tuple[Target, ...]
    routes: Mapping[str, Route]
    slack_token: SecretStr | None
    fallback: Fallback
    mail: Mail | None
    digest: Digest
    listen: tuple[str, int] | None
    allow_private: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())  # not mistakes, but worth saying

    def target(self, traits: Traits) -> Target:
        """The first target that holds; the last one of the file holds always."""
        return next(t for t in self.targets if t.when.holds(traits))

    def route(self, traits: Traits, target: Target) -> Route:
        """The target's own route, else the first whose `when` holds, else the default."""
        if target.route is not None:
            return self.routes[target.route]
        for route in self.routes.values():
            if route.when is not None and route.when.holds(traits):
                return route
        return self.routes[DEFAULT_ROUTE]

    def plan(self, target: str, route: str) -> Plan:
        """How a deadline of this target and route is told. Names that the file no longer holds fall to the last
        target and the default route: a promise outlives the rule that made it."""
        aim = next((t for t in self.targets if t.name == target), self.targets[-1])
        way = self.routes.get(route, self.routes[DEFAULT_ROUTE])
        return Plan(aim.calendar, way.stages, aim.always)

    def channel(self, route: str) -> str:
        """The outbox channel of a route: Slack, or the console as long as there is no Slack."""
        if self.slack_token is None:
            return CONSOLE
        return f"slack:{self.routes.get(route, self.routes[DEFAULT_ROUTE]).channel}"

    def secrets(self) -> list[str]:
        """Every secret value, so that the log can blot it out."""
        held: list[SecretStr] = [s for s in (self.slack_token, self.fallback.webhook) if s is not None]
        held += [self.mail.smtp] if self.mail else []
        for source in self.sources.values():
            held += [value for _, value in source.settings if isinstance(value, SecretStr)]
        return [secret.get_secret_value() for secret in held]

    @property
    def competitors(self) -> frozenset[str]:
        return frozenset(name for name, topic in self.topics.items() if topic.competitor)
