"""Makes the real things once, and hands them out."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import sqlalchemy as sa

from monitor.config import Rules
from monitor.config.rules import Source
from monitor.delivery import Console, Delivery
from monitor.hook import HookOutlet
from monitor.http import make_client
from monitor.ingest import Ingest
from monitor.mail import MailOutlet
from monitor.polling import Eye, Polling
from monitor.slack import SlackOutlet
from monitor.store import DEFAULT_URL, Store, open_engine
from monitor.telling import Outlet


@dataclass(slots=True)
class App:
    """One brand's things, wired."""

    rules: Rules
    store: Store
    http: httpx.AsyncClient
    ingest: Ingest
    eyes: Mapping[str, Eye]
    polling: Polling
    delivery: Delivery
    outlets: Mapping[str, Outlet]
    owner: str

    @property
    def asks(self) -> frozenset[str]:
        """Sources that can be asked whether a mention has been answered."""
        return frozenset(name for name, eye in self.eyes.items() if eye.source.finds_replies)

    async def close(self) -> None:
        await self.http.aclose()
        self.store.engine.close()


def open_store(rules: Rules, environ: Mapping[str, str], *, daemon: bool) -> Store:
    """The brand's view of the database that the environment names. Raises `StoreError`."""
    url = environ.get("MONITOR_DATABASE_URL") or DEFAULT_URL
    return Store(open_engine(url, daemon=daemon), rules.brand.id, memo_key(url, environ))


def make(rules: Rules, environ: Mapping[str, str], *, daemon: bool, store: Store | None = None) -> App:
    """Everything that a daemon or a command needs. Raises `StoreError`."""
    store = store or open_store(rules, environ, daemon=daemon)
    rules = with_learned(rules, store)
    http = make_client(allow_private=rules.allow_private)
    ingest = Ingest(rules, store)
    eyes = {name: eye(source, http, store) for name, source in rules.sources.items()}
    outlets = make_outlets(rules, http, environ)
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    return App(
        rules=rules,
        store=store,
        http=http,
        ingest=ingest,
        eyes=eyes,
        polling=Polling(rules, store, ingest, eyes),
        delivery=Delivery(rules, store, outlets, owner),
        outlets=outlets,
        owner=owner,
    )


def with_learned(rules: Rules, store: Store) -> Rules:
    """The rules, with what this brand's people have taught judging."""
    return replace(rules, judging=replace(rules.judging, learned=store.corrections.weights()))


def eye(source: Source, http: httpx.AsyncClient, store: Store) -> Eye:
    connector = source.connector(source.settings, http=http, memo=store.memos.of(source.name), accounts=source.accounts)
    return Eye(source, connector)


def make_outlets(rules: Rules, http: httpx.AsyncClient, environ: Mapping[str, str]) -> dict[str, Outlet]:
    """The doors that the rules open. Slack's address can be set to a proxy or a test server."""
    outlets: dict[str, Outlet] = {"console": Console(write)}
    if rules.slack_token is not None:
        outlets["slack"] = SlackOutlet(rules.slack_token, base_url=environ.get("SLACK_API_URL"))
    if rules.mail is not None:
        outlets["mail"] = MailOutlet(rules.mail.smtp, rules.mail.sender)
    if rules.fallback.webhook is not None:
        outlets["hook"] = HookOutlet(rules.fallback.webhook, http)
    return outlets


def write(text: str) -> None:
    """A message on the console, set apart from the log, which goes to stderr."""
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def memo_key(url: str, environ: Mapping[str, str]) -> bytes:
    """The secret that encrypts memos: MONITOR_KEY, else a file beside the SQLite database, made at the first start."""
    given = environ.get("MONITOR_KEY")
    if given:
        return given.encode()
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        # Without a key of its own a database that others can reach keeps no session readable across restarts.
        return secrets.token_bytes(32)
    path = Path(f"{address.database}.key")
    if not path.exists() or not path.read_bytes():
        _keep(path, secrets.token_bytes(32))
    return path.read_bytes()


def _keep(path: Path, key: bytes) -> None:
    """Write a key that is whole or not there, whoever else is starting at the same moment."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        if path.exists():  # empty: left by a crash of an older version
            draft.replace(path)
        else:
            os.link(draft, path)  # the first one wins
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
