"""What tests share; builders.py makes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from core.store.database import Store, connect, sqlite_url
from core.store.migrations import migrate
from core.workspace import Workspace
from tests import postgres
from tests.builders import START, Clock, make_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from streamlit.testing.v1 import AppTest

    from tests.browser import Server
    from tests.dashboard_fixtures import Stores
    from tests.page_driver import Open

# The same examples on every machine, however slow it is; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def clock() -> Clock:
    """A clock at 2026-01-05 09:00 UTC that stands until the test moves it."""
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path, clock: Clock) -> Workspace:
    """An empty workspace on that clock, with the source folder `incoming`."""
    return make_workspace(tmp_path, now=clock)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A Postgres server of the tests' own."""
    programs = postgres.binaries()
    if programs is None:
        missing = "Postgres' server programs (initdb, postgres) are not on this machine; install postgresql."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with postgres.running(programs) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres.Server, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, empty database of that server."""
    with postgres_server.database(tmp_path.name) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, empty store: the test runs on SQLite and on Postgres."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "risk.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def any_workspace(store_url: str, tmp_path: Path, clock: Clock) -> Iterator[Workspace]:
    """The fixture `workspace`, with its store on SQLite and on Postgres."""
    made = make_workspace(tmp_path, {"store": {"url": store_url}}, now=clock)
    yield made
    made.store.engine.dispose()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, up to date, on SQLite and on Postgres."""
    engine = connect(store_url)
    migrate(engine, START)
    yield Store(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Stores to look at with the dashboard."""
    from tests.dashboard_fixtures import build

    own = tmp_path_factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return build(own / "stores", of_all / "stores-of-all")


@pytest.fixture(scope="module")
def server(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard on a rich store of its own, with nobody having looked at it."""
    from tests import browser
    from tests.dashboard_fixtures import copy

    with browser.serving(copy(stores.rich, tmp_path_factory.mktemp("served") / "store")) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser."""
    from tests import browser

    with browser.chromium() as made:
        yield made


@pytest.fixture
def page(server: Server, chromium: Browser) -> Iterator[Page]:
    """A tab that looks at that dashboard."""
    from tests import browser

    with browser.tab(chromium, server) as made:
        yield made


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the store of a config file, as the navigation does or `alone`, with query parameters."""

    from streamlit.testing.v1 import AppTest

    from tests.dashboard_fixtures import HOME

    def opened_page(config: Path, page: str, *, alone: bool = False, **query: str) -> AppTest:
        monkeypatch.setenv("RISK_CONFIG", str(config))
        path = f"pages/{page}.py"
        app = AppTest.from_file(str(HOME / path if alone else HOME / "dashboard.py"), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        if alone:
            return app.run()
        app.run()
        if page == "today":
            return app
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page(path).run()

    return opened_page
