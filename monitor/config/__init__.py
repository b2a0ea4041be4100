"""rules.yaml to `Rules`, or to all of its mistakes at once.

Each section is read on its own, so that a mistake in one never hides the mistakes of another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ValidationError

import connectors
from connectors.base import Polls, SettingsError
from monitor.conditions import Condition, ConditionError, comparison
from monitor.config import sections
from monitor.config.reading import Mistake, Place, Reader, RulesError, near, read_yaml, with_secrets
from monitor.config.rules import (
    DEFAULT_ROUTE,
    Brand,
    Digest,
    Fallback,
    Mail,
    Route,
    Rules,
    Source,
    Target,
    Topic,
)
from monitor.deadlines import Calendar, CalendarError, StageError, parse_stages, read_calendar
from monitor.judging import JudgingRules
from monitor.query import QueryError
from monitor.query import parse as parse_query

__all__ = ["DEFAULT_ROUTE", "Mistake", "Route", "Rules", "RulesError", "Source", "Target", "read_listen", "read_rules"]

SECTIONS = (
    "brand",
    "hours",
    "topics",
    "sources",
    "judging",
    "vip",
    "targets",
    "routes",
    "slack",
    "fallback",
    "mail",
    "digest",
    "web",
    "network",
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SLACK_TOKEN: Place = ("slack", "bot_token")
FALLBACK_HOOK: Place = ("fallback", "webhook")
SHAPE = "see the commented rules.yaml for the shape"

Shape = TypeVar("Shape", bound=BaseModel)


def read_rules(path: Path, environ: Mapping[str, str]) -> Rules:
    """The rules in a file. Raises `RulesError` with every mistake, each with its line and a fix."""
    reader = Reader(str(path))
    data = read_yaml(path, reader)
    if reader.mistakes:
        raise RulesError(reader.mistakes)
    filled = with_secrets(data, environ, reader, optional=frozenset({SLACK_TOKEN}))
    rules = _Builder(filled, reader).build()
    if reader.mistakes or rules is None:
        raise RulesError(reader.mistakes)
    return rules


def read_listen(path: Path, environ: Mapping[str, str]) -> tuple[str, int] | None:
    """Where the health page of a running daemon is; None when the rules turn it off.

    Mistakes in the rest of the file do not count: the daemon still runs on what it read when it started, and somebody
    who is editing the file must not make it look dead.
    """
    reader = Reader(str(path))
    data = with_secrets(read_yaml(path, reader), environ, reader, optional=frozenset())
    return _Builder(data, reader).listen()


class _Builder:
    """Holds the file while its sections are turned into rules; mistakes gather in the reader."""

    def __init__(self, data: Mapping[str, Any], reader: Reader) -> None:
        self.data = data
        self.reader = reader
        self.notes: list[str] = []

    def build(self) -> Rules | None:
        for name in self.data:
            if name not in SECTIONS:
                self.wrong((name,), "is no section that this version reads", near(name, list(SECTIONS)))
        brand = self.brand()
        zone = brand.timezone if brand else ZoneInfo("UTC")
        calendars = self.calendars(zone)
        topics = self.topics()
        sources = self.sources(topics, brand)
        judging = self.judging()
        routes = self.routes()
        targets = self.targets(calendars, zone)
        slack = self.section("slack", sections.Slack) or sections.Slack()
        mail = self.mail()
        fallback = self.fallback(mail)
        digest = self.digest(mail)
        self.channels(slack, routes)
        listen = self.listen()
        private = self.allow_private()
        vip = self.vip()
        if self.reader.mistakes or brand is None:
            return None
        return Rules(
            brand=brand,
            topics=topics,
            sources=sources,
            judging=judging,
            vip=vip,
            targets=targets,
            routes=routes,
            slack_token=slack.bot_token,
            fallback=fallback,
            mail=mail,
            digest=digest,
            listen=listen,
            allow_private=private,
            notes=tuple(self.notes),
        )

    # ------------------------------------------------------------ sections

    def brand(self) -> Brand | None:
        if "brand" not in self.data:
            self.wrong(("brand",), "is missing", "add `brand: {name: ..., language: ko, timezone: Asia/Seoul}`")
            return None
        read = self.section("brand", sections.Brand)
        if read is None:
            return None
        if read.timezone not in available_timezones():
            fix = near(read.timezone, sorted(available_timezones())) if "/" in read.timezone else "such as Asia/Seoul"
            self.wrong(("brand", "timezone"), f"{read.timezone!r} is no time zone", fix)
            return None
        for platform in read.accounts:
            if platform not in connectors.names():
                self.wrong(
                    ("brand", "accounts", platform), "is no platform that we know", near(platform, connectors.names())
                )
        accounts = {platform: tuple(handles) for platform, handles in read.accounts.items()}
        return Brand(read.id or slug(read.name), read.name, read.language, ZoneInfo(read.timezone), accounts)

    def calendars(self, zone: ZoneInfo) -> dict[str, Calendar]:
        calendars: dict[str, Calendar] = {}
        for name, data in self.mapping("hours").items():
            try:
                calendars[name] = read_calendar(name, data, zone)
            except CalendarError as e:
                for steps, problem in e.problems:
                    place = ("hours", name, *_steps(steps))
                    self.wrong(place, problem, "for example: {mon-fri: ['09:00-12:00', '13:00-18:00']}")
                # Later sections may name it: a broken calendar is no unknown one.
                calendars[name] = Calendar.always(zone)
        return calendars

    def topics(self) -> dict[str, Topic]:
        topics: dict[str, Topic] = {}
        for name, data in self.mapping("topics").items():
            place: Place = ("topics", name)
            read = self.shaped(place, {"query": data} if isinstance(data, str) else data, sections.Topic)
            if read is None:
                continue
            try:
                topics[name] = Topic(parse_query(read.query), read.competitor)
            except QueryError as e:
                self.wrong(place, f"the query cannot be read: {e}", "docs/query.md shows the query language by example")
        return topics

    def sources(self, topics: Mapping[str, Topic], brand: Brand | None) -> dict[str, Source]:
        if "sources" not in self.data:
            self.wrong(("sources",), "is missing", "add at least one source, for example a feed")
        sources: dict[str, Source] = {}
        for name, data in self.mapping("sources").items():
            source = self.source(("sources", name), data, topics, brand)
            if source is not None:
                sources[name] = source
        return sources

    def source(self, place: Place, data: Any, topics: Mapping[str, Topic], brand: Brand | None) -> Source | None:
        name = str(place[-1])
        if not re.fullmatch(r"[\w-]{1,60}", name):
            self.wrong(place, "is no name for a source", "use letters, digits, - and _")
        read = self.shaped(place, data, sections.Source)
        if read is None:
            return None
        self.known((*place, "topics"), read.topics or (), self.written("topics"), "topic")
        if read.every is not None and read.every.total_seconds() < 5:
            self.wrong((*place, "every"), "is shorter than 5 seconds", "no platform wants to be asked that often")
        try:
            connector = connectors.load(read.connector)
        except connectors.UnknownConnectorError:
            self.wrong((*place, "connector"), "is no connector that we have", near(read.connector, connectors.names()))
            return None
        settings = self.shaped((*place, "settings"), read.settings, connector.Settings)
        if settings is None or not read.enabled:
            return None
        accounts = brand.accounts.get(read.connector, ()) if brand else ()
        listens = None if read.topics is None else frozenset(read.topics)
        if not topics and listens is None:
            self.notes.append(f"source {name}: without topics only what is on our own pages or addressed to us counts")
        try:
            if not issubclass(connector, Polls):
                raise SettingsError("this connector cannot be polled")
        except SettingsError as e:
            self.wrong((*place, "connector"), str(e), "choose another connector")
        return Source(name, read.connector, connector, settings, read.every, listens, accounts)

    def judging(self) -> JudgingRules:
        read = self.section("judging", sections.Judging)
        if read is None:
            return JudgingRules()
        given: dict[str, Any] = {
            "urgent": {category: tuple(terms) for category, terms in read.urgent.items()},
            "threshold": read.threshold,
            "weights": read.weights,
        }
        if read.languages is not None:
            given["languages"] = frozenset(read.languages)
        for problem in JudgingRules.problems(**given) if hasattr(JudgingRules, "problems") else ():
            self.wrong(("judging",), problem, SHAPE)
        return JudgingRules(**given)

    def routes(self) -> dict[str, Route]:
        routes: dict[str, Route] = {}
        for name, data in self.mapping("routes").items():
            place: Place = ("routes", name)
            read = self.shaped(place, data, sections.Route)
            if read is None:
                continue
            try:
                stages = parse_stages(read.stages)
            except StageError as e:
                for steps, problem in e.problems:
                    self.wrong((*place, "stages", *_steps(steps)), problem, "for example: [new, 10m before, due]")
                continue
            when = None if read.when is None else self.condition((*place, "when"), read.when)
            routes[name] = Route(name, read.channel, when, stages, read.private)
        if DEFAULT_ROUTE not in routes and not any(m.place.startswith("routes") for m in self.reader.mistakes):
            if routes:
                self.wrong(("routes",), "has no default", "add `default: {channel: ...}` for what fits no other route")
            routes[DEFAULT_ROUTE] = Route(DEFAULT_ROUTE, "", None, parse_stages(["new", "10m before", "due"]), False)
        return routes

    def targets(self, calendars: Mapping[str, Calendar], zone: ZoneInfo) -> tuple[Target, ...]:
        targets: list[Target] = []
        data = self.data.get("targets", [{"name": "standard", "reply_within": "1h"}])
        if not isinstance(data, list) or not data:
            self.wrong(("targets",), "must be a list", "start each target with `- {name: ..., reply_within: 1h}`")
            return ()
        for i, item in enumerate(data):
            place: Place = ("targets", i)
            read = self.shaped(place, item, sections.Target)
            if read is None:
                continue
            if read.name in {t.name for t in targets}:
                self.wrong((*place, "name"), f"{read.name!r} stands twice", "give each target a name of its own")
            if read.route is not None:
                self.known((*place, "route"), [read.route], self.written("routes"), "route")
            if read.reply_within.total_seconds() < 60:
                self.wrong((*place, "reply_within"), "is shorter than a minute", "give people time to answer")
            when = self.condition((*place, "when"), read.when)
            always = read.clock == "always"
            hours = self.hours((*place, "hours"), read.hours, calendars, zone)
            calendar = Calendar.always(zone) if always else hours
            targets.append(Target(read.name, when, read.reply_within, calendar, always, read.route))
        if targets and targets[-1].when != Condition() and len(targets) == len(data):
            self.wrong(
                ("targets", len(data) - 1),
                "the last target does not hold for everything",
                "end the list with a target without `when:`, such as {name: standard, reply_within: 1h}",
            )
        return tuple(targets)

    def mail(self) -> Mail | None:
        read = self.section("mail", sections.Mail)
        if read is None:
            return None
        if not re.match(r"(smtps?|smtp\+starttls)://", read.smtp.get_secret_value()):
            self.wrong(("mail", "smtp"), "is no address of a mail server", "smtp://user:password@host:587 or smtps://…")
        if "@" not in read.sender or re.search(r"[\r\n]", read.sender):
            self.wrong(("mail", "from"), "is no mail address", "for example mentions@your-brand.example")
        return Mail(read.smtp, read.sender)

    def fallback(self, mail: Mail | None) -> Fallback:
        read = self.section("fallback", sections.Fallback)
        if read is None:
            return Fallback()
        self.mailable(("fallback", "mail"), read.mail, mail)
        hook = read.webhook.get_secret_value() if read.webhook else None
        if hook is not None and not hook.startswith(("https://", "http://")):
            self.wrong(FALLBACK_HOOK, "is no web address", "it must start with https://")
        return Fallback(tuple(read.mail), read.webhook)

    def digest(self, mail: Mail | None) -> Digest:
        read = self.section("digest", sections.Digest) or sections.Digest()
        self.mailable(("digest", "mail"), read.mail, mail)
        return Digest(DAYS.index(read.day), time.fromisoformat(read.at), read.channel, tuple(read.mail))

    def channels(self, slack: sections.Slack, routes: Mapping[str, Route]) -> None:
        if slack.bot_token is None:
            self.notes.append("no Slack token is set: alerts go to the console")
            return
        if not slack.bot_token.get_secret_value().startswith("xoxb-"):
            self.wrong(SLACK_TOKEN, "is no bot token", "use the Bot User OAuth Token, which starts with xoxb-")
        if DEFAULT_ROUTE in routes and not routes[DEFAULT_ROUTE].channel:
            self.wrong(("routes",), "no channel is set", "add `routes: {default: {channel: C0...}}`")

    def listen(self) -> tuple[str, int] | None:
        if "web" in self.data and self.data["web"] is None:
            return None
        read = self.section("web", sections.Web) or sections.Web()
        host, _, port = read.listen.rpartition(":")
        if not 0 < int(port) < 65536:
            self.wrong(("web", "listen"), f"{port} is no port", "for example 127.0.0.1:8080")
        return host.strip("[]") or "127.0.0.1", int(port)

    def allow_private(self) -> tuple[str, ...]:
        read = self.section("network", sections.Network) or sections.Network()
        for i, entry in enumerate(read.allow_private):
            try:
                ip_network(entry, strict=False)
            except ValueError:
                if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", entry):
                    self.wrong(
                        ("network", "allow_private", i),
                        f"{entry!r} is neither a host nor an address",
                        "for example intranet.example or 10.0.0.0/8",
                    )
        return tuple(read.allow_private)

    def vip(self) -> frozenset[str]:
        data = self.data.get("vip") or []
        if not isinstance(data, list):
            self.wrong(("vip",), "must be a list", 'for example ["mastodon:@editor@press.example"]')
            return frozenset()
        for i, entry in enumerate(data):
            platform, _, handle = entry.partition(":") if isinstance(entry, str) else ("", "", "")
            if not handle:
                self.wrong(("vip", i), "is no platform and handle", 'for example "mastodon:@editor@press.example"')
            elif platform not in connectors.names():
                self.wrong(("vip", i), f"{platform!r} is no platform that we know", near(platform, connectors.names()))
        return frozenset(vip_key(*e.split(":", 1)) for e in data if isinstance(e, str) and ":" in e)

    # ------------------------------------------------------------ pieces

    def condition(self, place: Place, read: sections.When) -> Condition:
        self.known((*place, "topic"), read.topic or (), self.written("topics"), "topic")
        self.known((*place, "source"), read.source or (), self.written("sources"), "source")
        self.known((*place, "platform"), read.platform or (), dict.fromkeys(connectors.names()), "platform")
        lists = {
            "priority": read.priority,
            "intents": read.intent,
            "topics": read.topic,
            "platform": read.platform,
            "source": read.source,
            "kind": read.kind,
            "language": read.language,
        }
        flags = {
            "vip": read.vip,
            "owned": read.owned,
            "addressed": read.addressed,
            "private": read.private,
            "urgent": read.urgent,
        }
        numbers = {}
        for name, key, text in (("stars", "rating", read.rating), ("followers", "followers", read.followers)):
            try:
                if text is not None:
                    numbers[name] = comparison(text)
            except ConditionError as e:
                self.wrong((*place, key), str(e), "put it in quotes: '<3'")
        return Condition(
            {name: frozenset(values) for name, values in lists.items() if values is not None},
            {name: flag for name, flag in flags.items() if flag is not None},
            numbers,
        )

    def hours(self, place: Place, name: str | None, calendars: Mapping[str, Calendar], zone: ZoneInfo) -> Calendar:
        if name is not None:
            self.known(place, [name], self.written("hours"), "calendar under `hours:`")
            return calendars.get(name, Calendar.always(zone))
        return calendars.get("team") or next(iter(calendars.values()), Calendar.always(zone))

    def known(self, place: Place, names: Iterable[str], known: Mapping[str, Any], what: str) -> None:
        for name in names:
            if name not in known:
                self.wrong(place, f"there is no {what} called {name!r}", near(name, sorted(known)))

    def mailable(self, place: Place, addresses: Sequence[str], mail: Mail | None) -> None:
        if addresses and mail is None and "mail" not in self.data:
            self.wrong(place, "needs a mail server", "add `mail: {smtp: $SMTP_URL, from: mentions@...}`")
        for i, address in enumerate(addresses):
            if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", address):
                self.wrong((*place, i), f"{address!r} is no mail address", "for example cx@your-brand.example")

    def mapping(self, name: str) -> Mapping[str, Any]:
        data = self.data.get(name) or {}
        if isinstance(data, dict):
            return data
        self.wrong((name,), "must hold named entries", SHAPE)
        return {}

    def written(self, name: str) -> Mapping[str, Any]:
        """The names that a section gives, also those whose entries are broken: they are not unknown."""
        data = self.data.get(name)
        return data if isinstance(data, dict) else {}

    def section(self, name: str, shape: type[Shape]) -> Shape | None:
        return self.shaped((name,), self.data[name], shape) if self.data.get(name) is not None else None

    def shaped(self, place: Place, data: Any, shape: type[Shape]) -> Shape | None:
        """The data as `shape`, or None and the mistakes noted."""
        try:
            return shape.model_validate(data)
        except ValidationError as e:
            for error in e.errors(include_url=False, include_input=False):
                self.misshapen(place, shape, error["type"], error["loc"], error["msg"])
            return None

    def misshapen(
        self, place: Place, shape: type[BaseModel], sort: str, where: Sequence[str | int], message: str
    ) -> None:
        here: Place = (*place, *(w for w in where if not isinstance(w, str) or not w.startswith("function-")))
        if sort == "extra_forbidden":
            self.wrong(here, "is no key that we know", near(str(here[-1]), keys_at(shape, where[:-1])))
        elif sort == "missing":
            self.wrong(here, "is missing", f"add `{here[-1]}:` here")
        elif sort.startswith(("model_type", "dict_type")):
            self.wrong(here, "must hold named entries", SHAPE)
        else:
            self.wrong(here, message.removeprefix("Value error, ").replace("Input should", "must", 1)[:300], SHAPE)

    def wrong(self, place: Place, problem: str, fix: str) -> None:
        self.reader.wrong(place, problem, fix)


def keys_at(shape: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """The keys that a model, or a model inside it, takes."""
    for step in where:
        field = shape.model_fields.get(str(step))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        shape = inner
    return [field.alias or name for name, field in shape.model_fields.items()]


def _steps(steps: Sequence[object]) -> Place:
    return tuple(s if isinstance(s, int) else str(s) for s in steps)


def slug(name: str) -> str:
    """A brand's name as an id: lower case, words joined by hyphens, in any script."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[^\w]+", "-", folded).strip("-") or "brand"


def vip_key(platform: str, handle: str) -> str:
    """One spelling for a person on the VIP list, with or without @, in any case."""
    return f"{platform}:{handle.strip().lstrip('@').casefold()}"
