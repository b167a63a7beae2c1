"""A Postgres server of the tests' own, in a temporary folder; nothing of it is left when the tests end."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

#: needs quoting in a URL and in a shell, and must never be shown
PASSWORD = "o:pen/se@sa me"  # of a server that only this machine reaches, while the tests run
_START_SECONDS = 60

# Stops the server and removes its data also when the tests are killed: then their end of the pipe closes.
_KEEP = """
"$1" -D "$2" >>"$2/log" 2>&1 </dev/null & server=$!
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$2"
"""


@dataclass(frozen=True)
class Server:
    """A running server; its superuser is `risk`."""

    port: int
    folder: Path

    def url(self, database: str, **changes: str | int) -> str:
        """The URL of a database; `changes`: other parts, such as `password=`."""
        parts = {"username": "risk", "password": PASSWORD, "host": "127.0.0.1", "port": self.port}
        url = URL.create("postgresql+psycopg", database=database, **{**parts, **changes})  # type: ignore[arg-type]
        return url.render_as_string(hide_password=False)

    def run(self, statement: str, **names: str) -> None:
        """Run a statement as superuser, outside any transaction; `{name}` stands for an identifier."""
        identifiers = {name: sql.Identifier(value) for name, value in names.items()}
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="risk", password=PASSWORD, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL(statement).format(**identifiers))  # type: ignore[arg-type]

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The URL of a fresh database, dropped in the end."""
        self.run("create database {name}", name=name)
        try:
            yield self.url(name)
        finally:
            self.run("drop database if exists {name} with (force)", name=name)


def binaries() -> Path | None:
    """The folder of Postgres' server programs; None where there are none."""
    places = []
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    if asked := shutil.which("pg_config"):
        told = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        places.append(Path(told))
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(packaged, key=lambda place: float(place.parent.name), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A server on a free port, with a sort order unlike that of bytes, stopped and removed in the end."""
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="bellwether-pg-"))
    try:
        if user is not None:
            os.chown(folder, user, -1)
        data, port = folder / "data", _free_port()
        _make(programs, data, port, user)
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEP, "sh", str(programs / "postgres"), str(data)],
            stdin=subprocess.PIPE, user=user, cwd=folder, start_new_session=True,
        )  # fmt: skip
        with keeper:  # leaving it closes the pipe and waits
            server = Server(port, folder)
            _wait_for(server, keeper)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(programs: Path, data: Path, port: int, user: int | None) -> None:
    password = data.parent / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    if user is not None:
        os.chown(password, user, -1)
    version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.findall(r"\d+", version)[0])
    order = ["--locale-provider=icu", "--icu-locale=en-US"] if major >= 15 else []
    made = subprocess.run(
        [programs / "initdb", "--pgdata", data, "--username=risk", "--pwfile", password, "--auth=scram-sha-256",
         "--encoding=UTF8", "--locale=C", *order, "--no-sync"],
        capture_output=True, text=True, check=False, user=user, cwd=data.parent,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": data.parent, "fsync": "off",
        "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": 60,
        "logging_collector": "off",
    }  # fmt: skip
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.writelines(lines)


def _wait_for(server: Server, keeper: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.run("select 1")
        except psycopg.OperationalError:
            if time.monotonic() > end or keeper.poll() is not None:
                log = (server.folder / "data" / "log").read_text(encoding="utf-8")
                raise RuntimeError(f"The server did not start: {log}") from None
            time.sleep(0.05)
        else:
            return


def _other_user() -> int | None:
    """Who runs the server, which refuses to be run by root; None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name: one.pw_uid for one in pwd.getpwall()}
    return known.get("postgres", known.get("nobody"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
