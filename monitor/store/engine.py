"""Opening the database: its address, its lock, its migrations, and transactions.

SQLite: one process is the daemon (a lock beside the file says which), and inside it one connection writes and
checkpoints, since versions before 3.51.3 can corrupt a WAL when several connections checkpoint. Commands that run
beside the daemon open their own connection for a moment and never checkpoint.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

DEFAULT_URL = "sqlite:///data/monitor.db"
BUSY_MS = 10_000


class StoreError(Exception):
    """The database cannot be used; the message says why, and what to do."""


class Engine:
    """One database. `transaction()` is the only way in."""

    def __init__(self, engine: sa.Engine, lock: IO[str] | None) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._lock = lock
        self._closed = False
        # SQLite has one connection: threads take turns. PostgreSQL's pool needs no such thing.
        self._turn: Any = threading.RLock() if self.sqlite else _Free()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """All of it or nothing. Raises `StoreError` when the database refuses (full, locked, gone)."""
        with self._turn:
            if self._closed:
                raise StoreError("the database is closed; what was under way is done after the next start")
            try:
                with self.engine.begin() as connection:
                    yield connection
            except sa.exc.IntegrityError:
                raise
            except sa.exc.DBAPIError as e:
                raise StoreError(_reason(e)) from e

    def close(self) -> None:
        """Waits for the transaction under way; later ones are refused, since they would open the file anew."""
        with self._turn:
            self._closed = True
            self.engine.dispose()
            if self._lock is not None:
                self._lock.close()


def open_engine(url: str, *, daemon: bool) -> Engine:
    """Open the database and bring it to this program's version. Raises `StoreError`.

    `daemon` takes the lock that only one daemon may hold; without it, the database is opened for a command.
    """
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StoreError("MONITOR_DATABASE_URL is no database address; for example sqlite:///data/monitor.db") from None
    lock = None
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "data/monitor.db")
        lock = _prepare_file(path, daemon=daemon)
        made = sa.create_engine(address, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 10})
        sa.event.listen(made, "connect", _tune if daemon else _tune_beside)
        sa.event.listen(made, "begin", _begin)
    else:
        made = sa.create_engine(address, pool_pre_ping=True, pool_size=8)
    engine = Engine(made, lock)
    try:
        migrate(engine)
    except BaseException:
        engine.close()
        raise
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to this program's version; refuse one that is newer than we are."""
    # Half a second of imports that most commands do without.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(files("monitor.store").joinpath("migrations")))
    script = ScriptDirectory.from_config(config)
    with engine.transaction() as connection:
        current = _revision(connection)
        if current == script.get_current_head():
            return
        try:
            if current is not None:
                script.get_revision(current)
        except CommandError:
            raise StoreError(
                f"the database is of a newer version of this program (schema {current}); "
                "run that version again, or restore the backup made before the upgrade"
            ) from None
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _prepare_file(path: Path, *, daemon: bool) -> IO[str] | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Customers' words: readable by us alone from the first byte on.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if not daemon:
            return None
        lock = Path(f"{path}.lock").open("a+")  # noqa: SIM115, held for as long as the daemon lives
    except OSError as e:
        raise StoreError(f"{path}: {e.strerror}; the folder of the database must be writable") from e
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreError(f"{path} is in use by another daemon; stop that one first, or name another database") from None
    return lock


def _tune(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _tune_beside(connection: Any, record: Any) -> None:
    _tune(connection, record)
    connection.execute("PRAGMA wal_autocheckpoint=0")


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later never fails for having been overtaken.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _reason(error: sa.exc.DBAPIError) -> str:
    words = str(error.orig).split("\n")[0][:200]
    hints = {
        "full": "the disk is full; nothing is lost, polling goes on when there is space",
        "readonly": "the database may not be written; see to the permissions of its folder",
        "locked": "another program holds the database; it is tried again",
        "disk I/O": "the disk does not answer; see to the volume of the database",
    }
    hint = next((h for key, h in hints.items() if key in words), "it is tried again")
    return f"database: {words} ({hint})"


class _Free:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
