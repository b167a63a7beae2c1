"""Installed packages against an index: a real server on this host, and every way it can fail."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core import packages
from core.packages import direct_names, index_url, installed, is_outdated, look_up, newest
from core.pipeline import full
from core.views import operations
from core.workspace import Workspace


class Index(BaseHTTPRequestHandler):
    """A package index in the JSON form of PEP 691; answers by the name that is asked for."""

    #: name -> what the server sends below the header, or an HTTP status
    answers: dict[str, bytes | int] = {}  # noqa: RUF012  set by each test on a class of its own
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        name = self.path.removeprefix("/simple/").removesuffix("/")
        self.asked.append((self.path, self.headers["Accept"]))
        answer = self.answers.get(name, 404)
        if isinstance(answer, int):
            self.send_error(answer)
            return
        if answer == b"<silence>":
            time.sleep(1)
            return
        if answer == b"<no http>":
            self.wfile.write(b"what do you want?\r\n\r\n")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer) + (100 if answer == b'{"cut' else 0)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(answers: dict[str, bytes | int]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A running index: its address, and what it was asked."""
    handler = type("Own", (Index,), {"answers": answers, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple", handler.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def versions(*names: str) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "x", "versions": list(names)}).encode()


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (("1.9", "1.10", "1.2"), "1.10"),  # by version, not by spelling or place
        (("2.0", "1.0"), "2.0"),
        (("2.0rc1", "1.4", "2.0a1", "2.1.dev3", "2.0b2"), "1.4"),  # pre-releases are passed over
        (("1.0", "1.0.post1"), "1.0.post1"),
        (("1!0.1", "2024.1"), "1!0.1"),
        (("0.1", "not a version", ""), "0.1"),
    ],
)
def test_the_newest_stable_version_is_chosen(listed: tuple[str, ...], expected: str) -> None:
    with serving({"thing": versions(*listed)}) as (index, asked):
        assert newest("thing", index) == (expected, "")
    assert asked == [("/simple/thing/", "application/vnd.pypi.simple.v1+json")]


@pytest.mark.parametrize("listed", [("2.0rc1", "1.0.dev1"), ()])
def test_an_index_without_a_stable_version_says_so(listed: tuple[str, ...]) -> None:
    with serving({"thing": versions(*listed)}) as (index, _):
        assert newest("thing", index) == ("", "the index lists no stable version")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (404, "could not be looked up: Not Found"),
        (500, "could not be looked up: Internal Server Error"),
        (b"<html>maintenance</html>", "could not be looked up: Expecting value"),
        (b"", "could not be looked up: Expecting value"),
        (b"\xff\xfe\x00\x81", "could not be looked up: "),
        (b"{}", "could not be looked up: 'versions'"),
        (b"[]", "could not be looked up: "),
        (b"7", "could not be looked up: "),
        (b'{"versions": null}', "could not be looked up: "),
        (b'{"versions": [1, null]}', "the index lists no stable version"),
        (b'{"cut', "could not be looked up: IncompleteRead"),
        (b"<no http>", "could not be looked up: BadStatusLine"),
    ],
)
def test_garbage_is_recorded_as_a_failure_and_is_no_error(answer: bytes | int, why: str) -> None:
    with serving({"thing": answer}) as (index, _):
        found, failure = newest("thing", index)
    assert found == ""
    assert failure.startswith(why)


def test_an_index_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_TIMEOUT_SECONDS", 0.2)
    begun = time.perf_counter()
    with serving({"thing": b"<silence>"}) as (index, _):
        assert newest("thing", index) == ("", "could not be looked up: timed out")
        assert time.perf_counter() - begun < 1


def test_an_index_that_is_not_there_is_a_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found, failure = newest("thing", f"http://127.0.0.1:{port}/simple")
    assert found == ""
    assert "refused" in failure.lower()


@pytest.mark.parametrize(
    "index", ["no:secret address", "http://user:secret@host", "http://[secret", "secret", "nothing://host"]
)
def test_an_address_that_cannot_be_used_is_a_failure_that_tells_no_secret(index: str) -> None:
    found, failure = newest("thing", index)
    assert found == ""
    assert failure.startswith("could not be looked up: ")
    assert "secret" not in failure


def test_every_installed_package_is_looked_up_and_told_apart_by_who_asked_for_it(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.in"
    requirements.write_text(
        "# what we use\n\nPandas>=2  # frames\nscikit_learn[extra]==1.0\npytest; python_version>'3'\n"
    )
    here = installed()
    with serving({name: versions("99999.1") for name in here if name != "numpy"}) as (index, asked):
        found = {one["name"]: one for one in look_up(requirements, index)}
    assert sorted(path for path, _ in asked) == sorted(f"/simple/{name}/" for name in here)
    assert {name for name, one in found.items() if one["direct"]} == {"pandas", "scikit-learn", "pytest"}
    assert found["pandas"] == {
        "name": "pandas", "direct": True, "installed": here["pandas"], "newest": "99999.1", "failure": "",
    }  # fmt: skip
    assert (found["numpy"]["newest"], found["numpy"]["failure"]) == ("", "could not be looked up: Not Found")


def test_names_are_canonical_and_installed_versions_are_those_of_the_packages() -> None:
    import numpy as np

    assert installed()["numpy"] == np.__version__
    assert "scikit-learn" in installed()


def test_without_a_requirements_file_nothing_is_direct(tmp_path: Path) -> None:
    assert direct_names(tmp_path / "none.in") == set()


def test_the_index_is_the_one_pip_is_told_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple/")
    assert index_url() == "https://mirror.example/simple"
    monkeypatch.delenv("PIP_INDEX_URL")
    assert index_url() == "https://pypi.org/simple"


@pytest.mark.parametrize(
    ("ours", "theirs", "outdated"),
    [
        ("1.9", "1.10", True),
        ("1.10", "1.9", False),
        ("1.0", "1.0.0", False),
        ("2.0rc1", "2.0", True),
        ("1.0", "", False),
        ("odd", "1.0", False),
    ],
)
def test_is_outdated(ours: str, theirs: str, outdated: bool) -> None:
    assert is_outdated(ours, theirs) is outdated


def test_a_run_writes_down_what_it_found_and_what_it_could_not_find(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = installed()
    with serving({"numpy": versions("99999.1"), "pandas": versions(here["pandas"])}) as (index, _):
        monkeypatch.setenv("PIP_INDEX_URL", index)
        sentence = full.packages_run(workspace)
    assert sentence == f"{len(here)} packages: 1 outdated, {len(here) - 2} could not be looked up."
    shown = operations.packages(workspace)
    assert len(shown) == len(here)
    assert shown.iloc[0][["name", "installed", "newest", "outdated"]].tolist() == [
        "numpy", here["numpy"], "99999.1", True,
    ]  # fmt: skip
    assert shown.set_index("name").loc["pandas", ["outdated", "failure"]].tolist() == [False, ""]
    assert (shown["failure"] == "could not be looked up: Not Found").sum() == len(here) - 2
