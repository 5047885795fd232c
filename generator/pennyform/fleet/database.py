"""The PostgreSQL that a fleet keeps its state in: connections, and the versions of its tables."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from pennyform.engine.state_folder import DATABASE_VARIABLE as URL_VARIABLE
from pennyform.findings import Failure, failure
from pennyform.fleet.migrations import MIGRATIONS

T = TypeVar("T")

STALL_VARIABLE, FLEET_VARIABLE = "PENNYFORM_STALL_SECONDS", "PENNYFORM_FLEET"
# PostgreSQL's names have 63 bytes, and one of the queue's is made with it.
_FLEET = re.compile(r"[a-z0-9-]{0,30}")
# Who was not heard of for so long, in seconds, is taken for gone.
STALL_SECONDS = 120.0
_LEAST_STALL, _LONGEST_STALL = 1.0, 86_400.0
# For the one transaction that changes tables: any number that no other program takes.
_MIGRATION_LOCK = 0x70656E6E79
_CONNECT_SECONDS = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
# What must not depend on how a server is set up. A record is on its disk when the server says so.
_SETTINGS = (
    "-c search_path=pennyform,public -c synchronous_commit=on "
    "-c default_transaction_isolation=read\\ committed -c idle_in_transaction_session_timeout=60000"
)

Connection = psycopg.Connection[Any]


class DatabaseError(OSError):
    """The database did not do what it was asked for; ``str()`` is one sentence for people."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EIO, text)

    def __str__(self) -> str:
        return str(self.strerror)


class Database:
    """One database, and which of the fleets in it one belongs to.

    Args:
        url: of libpq (https://www.postgresql.org/docs/current/libpq-connect.html). It may have a password,
            so no message repeats it.
        stall_seconds: who was not heard of for so long is taken for gone.
        fleet: its name, "" for the one without. Its workers do its jobs; journals, leases and plans are of
            all.

    Raises:
        Failure: the URL cannot be read.
    """

    def __init__(self, url: str, stall_seconds: float = STALL_SECONDS, fleet: str = "") -> None:
        self.stall_seconds, self.fleet = stall_seconds, fleet
        self._pool: ConnectionPool[Connection] | None = None
        try:
            options = conninfo_to_dict(url)
        except psycopg.Error:
            # Its own message repeats what it cannot read.
            raise unusable(
                f"{URL_VARIABLE} is not a URL of PostgreSQL",
                "write it as postgresql://USER:PASSWORD@HOST/DATABASE, with special characters as %40",
            ) from None
        self.password = str(options.get("password") or "")
        # A connection that is cut ends well before anybody else takes over.
        lost_after = max(int(stall_seconds * 250), 1000)
        self.conninfo = make_conninfo(
            url,
            options=f"{options.get('options') or ''} {_SETTINGS}".strip(),
            connect_timeout=options.get("connect_timeout") or _CONNECT_SECONDS,
            application_name=options.get("application_name") or "pennyform",
            tcp_user_timeout=options.get("tcp_user_timeout") or lost_after,
            keepalives_idle=options.get("keepalives_idle") or 5,
            keepalives_interval=options.get("keepalives_interval") or 5,
            keepalives_count=options.get("keepalives_count") or 3,
        )

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Database:
        """The database that the user's environment names.

        Raises:
            Failure: none is named, or it cannot be.
        """
        url = environ.get(URL_VARIABLE, "").strip()
        if not url:
            raise unusable(
                f"nothing says which database: {URL_VARIABLE} is not set",
                f"set it, such as {URL_VARIABLE}=postgresql://pennyform@db/pennyform",
            )
        text = environ.get(STALL_VARIABLE, "").strip()
        try:
            seconds = float(text or STALL_SECONDS)
        except ValueError:
            seconds = 0.0
        if not _LEAST_STALL <= seconds <= _LONGEST_STALL:
            raise unusable(
                f"{STALL_VARIABLE} is not a number of seconds from {_LEAST_STALL:g} to {_LONGEST_STALL:g}",
                f"leave it out: it is {STALL_SECONDS:g} then",
            )
        fleet = environ.get(FLEET_VARIABLE, "").strip()
        if not _FLEET.fullmatch(fleet):
            raise unusable(
                f"{FLEET_VARIABLE} is no name of a fleet",
                "use lower-case letters, digits and hyphens, 30 at most, or leave it out",
            )
        return cls(url, seconds, fleet)

    def __repr__(self) -> str:
        return "Database(…)"

    def connect(self) -> Connection:
        """A connection on which each statement is a transaction of its own.

        Raises:
            psycopg.Error: there is none.
        """
        return psycopg.connect(self.conninfo, autocommit=True)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for one transaction: committed at the end, or nothing of it.

        Raises:
            psycopg.Error: it was lost; whether it was committed is not known then.
        """
        with self._pool.connection() if self._pool else psycopg.connect(self.conninfo) as connection:
            yield connection

    @contextmanager
    def kept_connections(self, most: int) -> Iterator[None]:
        """Keep those of :meth:`connection` open for the next use, ``most`` of them, as the context lasts."""
        # Each is asked whether it is still there: the server may have been restarted.
        check = ConnectionPool[Connection].check_connection
        with ConnectionPool[Connection](
            self.conninfo, min_size=0, max_size=most, timeout=_CONNECT_SECONDS, check=check
        ) as pool:
            self._pool = pool
            try:
                yield
            finally:
                self._pool = None

    def migrate(self) -> int:
        """Make the tables, or bring them to the version of this program; how many steps that took.

        Raises:
            Failure: a newer program made them, or the database refuses.
        """
        try:
            with self.connection() as connection:
                # Of several at once, one does it, and the others find it done.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
                version = _version(connection)
                _refuse_newer(version)
                for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                    connection.execute(statements.encode())
                    connection.execute("INSERT INTO pennyform.migration (version) VALUES (%s)", [number])
                return len(MIGRATIONS) - version
        except psycopg.Error as problem:
            raise unusable(f"its tables cannot be made: {self.explain(problem)}") from None

    def check(self) -> None:
        """Make sure that the tables are those of this program.

        Raises:
            Failure: they are older or newer, or the database cannot be reached.
        """
        try:
            with self.connection() as connection:
                version = _version(connection)
        except psycopg.Error as problem:
            raise unusable(f"the database cannot be used: {self.explain(problem)}") from None
        _refuse_newer(version)
        if version < len(MIGRATIONS):
            raise unusable(
                f"the tables are of version {version}, and this program needs {len(MIGRATIONS)}",
                "run 'pennyform fleet init' once",
            )

    def explain(self, problem: BaseException) -> str:
        """What the driver says, on one line and without the password."""
        text = " ".join(str(problem).split()) or type(problem).__name__
        return text.replace(self.password, "…") if self.password else text


def unusable(summary: str, fix: str = "") -> Failure:
    """That the database cannot be used, and what to do; see that it runs when ``fix`` is left out."""
    return failure(
        "fleet-database",
        summary,
        detail="Journals say what was sent: nothing is sent unless that can be written down first.",
        fix=fix or f"see that it runs and that {URL_VARIABLE} names it, with a user who may do that",
    )


def _version(connection: Connection) -> int:
    row = connection.execute("SELECT to_regclass('pennyform.migration') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM pennyform.migration").fetchone()
    return int(row[0]) if row else 0


def _refuse_newer(version: int) -> None:
    if version > len(MIGRATIONS):
        raise unusable(
            f"the tables are of version {version}, and this program knows {len(MIGRATIONS)}",
            "upgrade pennyform on this machine: tables never go back",
        )


def seconds_since_boot() -> float:
    """A clock that never goes back, and goes on while a process is stopped or the machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def over_after(seconds: float) -> Callable[[], bool]:
    """What tells whether so much time has passed from now on."""
    until = seconds_since_boot() + seconds
    return lambda: seconds_since_boot() > until


class Link:
    """One connection that is opened when it is needed, and again when it was lost; for several threads.

    Args:
        database: where to.
        sleep: waits between attempts, for some seconds.
    """

    def __init__(self, database: Database, sleep: Callable[[float], None] = time.sleep) -> None:
        self.database = database
        self._sleep = sleep
        self._lock = threading.RLock()
        self._connection: Connection | None = None

    def run(self, work: Callable[[Connection], T], is_over: Callable[[], bool]) -> T:
        """Do ``work``, and again after the connection was lost, until it is done.

        Whether the last statement of a lost connection was committed is not known. So ``work`` is written to
        be done twice: it looks whether what it is about is there already.

        Args:
            work: is given the connection. Each statement is committed, unless it opens a transaction.
            is_over: whether not to try again.

        Raises:
            DatabaseError: it was not done, or whether it was is not known; its text says why.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                with self._lock:
                    return work(self._opened())
            except (psycopg.OperationalError, psycopg.InterfaceError) as problem:
                self.close()
                reason = self.database.explain(problem)
            except psycopg.Error as problem:
                raise DatabaseError(f"the database refuses it: {self.database.explain(problem)}") from None
            if is_over():
                raise DatabaseError(f"the database cannot be reached: {reason}")
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def try_run(self, work: Callable[[Connection], object], seconds: float) -> None:
        """Do ``work`` once if the connection is free within some seconds; otherwise break it off.

        A statement that is never answered, because the network was cut, would otherwise keep its thread.
        """
        if not self._lock.acquire(timeout=seconds):
            self._break_off()
            return
        try:
            work(self._opened())
        except psycopg.Error:
            self.close()
        finally:
            self._lock.release()

    def _opened(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self.database.connect()
        return self._connection

    def _break_off(self) -> None:
        connection = self._connection
        with suppress(OSError, psycopg.Error):
            if connection is not None and not connection.closed:
                with socket.socket(fileno=os.dup(connection.fileno())) as copy:
                    copy.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the next use opens another one."""
        with self._lock, suppress(psycopg.Error):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
