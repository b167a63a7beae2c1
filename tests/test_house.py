"""The sentences that hold the house up: floors, pure rooms, who may import what, one clock, no circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def rooms(names: str) -> frozenset[str]:
    return frozenset(names.split())


INPUT_OUTPUT = rooms("sources/ parts/ registry/ jobs packages alerts")
PURE = rooms(
    "ingestion/ training/ scoring/ evaluation/ drift/ estimation/ decisions/ diagnostics/ worklist/ plots/ example/ "
    "dataset"
)
#: rooms of each floor, from the ground up; a folder is one room
FLOORS = (
    rooms("records errors"),
    rooms("config values/ hashes statistics/ wording"),
    rooms("schema/ files model store/"),
    INPUT_OUTPUT | PURE,
    rooms("workspace reporting access roster/"),
    rooms("upkeep/"),
    rooms("pipeline/ views/"),
    rooms("replay/"),
    # the roof, itself in storeys: what a face starts, the faces, the ways in
    rooms("api runner serving"),
    rooms("cli/ pages/ worker"),
    rooms("__main__ dashboard"),
)
FLOOR = {room: height for height, rooms_there in enumerate(FLOORS) for room in rooms_there}

NOT_FOR_PURE = INPUT_OUTPUT | rooms("store/ files workspace")
#: libraries that touch the world outside the process
OUTSIDE = rooms("os pathlib shutil socket subprocess tempfile time urllib http sqlite3 sqlalchemy requests")

House = dict[str, str]


def house() -> House:
    """Source of every module of the product by its dotted name; a package goes by its `__init__`."""
    paths = [*ROOT.glob("*.py"), *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8") for path in paths}


def room(module: str) -> str:
    """The room a module belongs to; "" for the empty shell of `core` itself."""
    first, *rest = module.split(".")
    if first == "core":
        return "" if rest in ([], ["__init__"]) else rest[0] + ("/" if len(rest) > 1 else "")
    return first + ("/" if rest else "")


def imports(module: str, modules: House) -> Iterator[str]:
    """Dotted names of what a module imports anywhere in it: our modules in full, others as they are written."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(modules[module])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in modules or f"{whole}.__init__" in modules else base


def our_imports(module: str, modules: House) -> set[str]:
    """Our modules that a module imports; a package counts as its `__init__`."""
    found = {name if name in modules else f"{name}.__init__" for name in imports(module, modules)}
    return {name for name in found if name in modules}


def without_floor(modules: House) -> list[str]:
    found = {room(module): module for module in modules}
    return [
        f"{module} stands in room {name!r}, which has no floor: give it one, here in FLOORS and in README.md."
        for name, module in sorted(found.items())
        if name and name not in FLOOR
    ]


def going_up(modules: House) -> list[str]:
    return [
        f"{module} (floor {FLOOR[own]}) imports {other} (floor {FLOOR[room(other)]}): rooms import only floors below."
        for module in sorted(modules)
        if (own := room(module)) in FLOOR
        for other in sorted(our_imports(module, modules))
        if room(other) in FLOOR and room(other) != own and FLOOR[room(other)] >= FLOOR[own]
    ]


def impure(modules: House) -> list[str]:
    return [
        f"{module} imports {other}: pure rooms take frames and give frames."
        for module in sorted(modules)
        if room(module).rstrip("/") in PURE
        for other in sorted(set(imports(module, modules)))
        if (other.startswith("core.") and room(other) in NOT_FOR_PURE) or other.split(".")[0] in OUTSIDE
    ]


def out_of_place(modules: House) -> list[str]:
    """Libraries that only some rooms may import."""
    allowed = {
        "sqlalchemy": {"store/", "sources/"},
        "sqlite3": {"store/"},
        "streamlit": {"dashboard", "pages/"},
        "schedule": {"worker"},
    }
    return [
        f"{module} imports {other}: only {' and '.join(sorted(allowed[library]))} may."
        for module in sorted(modules)
        for other in sorted(set(imports(module, modules)))
        if room(module) not in allowed.get(library := other.split(".")[0], {room(module)})
    ]


CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
    "Timestamp": {"now", "utcnow", "today"},
}


def clocks(modules: House) -> list[str]:
    found = []
    for module, source in sorted(modules.items()):
        for node in ast.walk(ast.parse(source)):
            holder = getattr(node, "value", None)
            named = getattr(holder, "attr", getattr(holder, "id", ""))
            read = isinstance(node, ast.Attribute) and node.attr in CLOCKS.get(named, ())
            taken = isinstance(node, ast.ImportFrom) and node.module == "time" and not node.level
            taken = taken and any(alias.name in CLOCKS["time"] for alias in node.names)
            if (read or taken) and module != "core.workspace":
                found.append(f"{module}, line {node.lineno}, reads a clock: only core.workspace may.")
    return found


def circles(modules: House) -> list[str]:
    graph = {module: sorted(our_imports(module, modules) - {module}) for module in sorted(modules)}
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [" imports ".join([*path[path.index(module) :], module])]
        if module in done:
            return []
        found = [circle for other in graph[module] for circle in walk(other, [*path, module])]
        done.add(module)
        return found

    return [circle for module in graph for circle in walk(module, [])]


def busy_pages(modules: House) -> list[str]:
    """Pages only lay out: deeds and questions stand below, and their components catch errors."""
    found = []
    for module, source in sorted(modules.items()):
        if not module.startswith("pages.") or module.startswith("pages.components."):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Try):
                found.append(f"{module}, line {node.lineno}, catches errors: components do that.")
            if isinstance(node, ast.Attribute) and node.attr in {"groupby", "merge", "execute"}:
                found.append(f"{module}, line {node.lineno}, calls {node.attr}: a view does that.")
    return found


SENTENCES = {
    "every module has a floor": without_floor,
    "rooms import only floors below": going_up,
    "pure rooms take frames and give frames": impure,
    "each library has its place": out_of_place,
    "there is one clock": clocks,
    "there are no circles": circles,
    "pages only lay out": busy_pages,
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_house_stands(sentence: str) -> None:
    faults = SENTENCES[sentence](house())
    assert not faults, "\n".join(faults)


def test_every_room_that_must_be_pure_or_do_io_stands_on_a_floor() -> None:
    assert set(FLOOR) >= NOT_FOR_PURE
    assert PURE.isdisjoint(NOT_FOR_PURE)
    assert sum(map(len, FLOORS)) == len(FLOOR)


def test_the_house_was_read_whole() -> None:
    modules = house()
    assert {"core.__init__", "core.store.history", "core.pipeline.full", "worker"} <= set(modules)
    assert "core.store.database" in our_imports("core.store.history", modules)
    assert "core.store.ingested" in our_imports("core.pipeline.ingest", modules)
    assert room("core.store.tables.kept") == room("core.store.__init__") == "store/"
    assert (room("core.config"), room("worker"), room("pages.components.frame")) == ("config", "worker", "pages/")


@pytest.mark.parametrize(
    ("sentence", "module", "source", "fault"),
    [
        ("every module has a floor", "core.attic", "", "core.attic stands in room 'attic', which has no floor"),
        (
            "every module has a floor",
            "core.attic.box",
            "",
            "core.attic.box stands in room 'attic/', which has no floor",
        ),
        ("every module has a floor", "serve", "", "serve stands in room 'serve', which has no floor"),
        (
            "rooms import only floors below",
            "core.config",
            "def read():\n    from core import schema",
            "core.config (floor 1) imports core.schema.__init__ (floor 2)",
        ),
        (
            "rooms import only floors below",
            "core.dataset",
            "import core.plots.look",
            "core.dataset (floor 3) imports core.plots.look (floor 3)",
        ),
        (
            "rooms import only floors below",
            "core.store.audit",
            "from ..pipeline.full import run",
            "core.store.audit (floor 2) imports core.pipeline.full (floor 6)",
        ),
        (
            "rooms import only floors below",
            "core.views.clients",
            "from core.pipeline import full",
            "core.views.clients (floor 6) imports core.pipeline.full (floor 6)",
        ),
        ("pure rooms take frames and give frames", "core.dataset", "from core.files import x", "imports core.files"),
        ("pure rooms take frames and give frames", "core.dataset", "from core.store import audit", "core.store.audit"),
        ("pure rooms take frames and give frames", "core.dataset", "from pathlib import Path", "imports pathlib"),
        ("each library has its place", "core.files", "import sqlalchemy.orm", "imports sqlalchemy.orm: only sources"),
        ("each library has its place", "core.plots.look", "import streamlit as st", "only dashboard and pages/ may"),
        ("each library has its place", "core.jobs", "import schedule", "only worker may"),
        ("there is one clock", "core.dataset", "x = datetime.now(UTC)", "core.dataset, line 1, reads a clock"),
        ("there is one clock", "core.dataset", "import datetime\nx = datetime.datetime.utcnow()", "line 2"),
        ("there is one clock", "core.dataset", "x = date.today", "reads a clock"),
        ("there is one clock", "core.dataset", "x = time.time()", "reads a clock"),
        ("there is one clock", "core.dataset", "from time import time", "reads a clock"),
        ("there is one clock", "core.dataset", "x = pd.Timestamp.now('UTC')", "reads a clock"),
        (
            "there are no circles",
            "core.store.audit",
            "from core.store import queue",
            "core.store.audit imports core.store.queue imports core.store.audit",
        ),
        ("pages only lay out", "pages.clients", "try:\n    pass\nexcept OSError:\n    pass", "catches errors"),
        ("pages only lay out", "pages.clients", "x.groupby('a')", "pages.clients, line 1, calls groupby"),
    ],
)
def test_a_house_that_does_not_stand_is_told(sentence: str, module: str, source: str, fault: str) -> None:
    names = (
        "core.__init__ core.config core.schema.__init__ core.dataset core.plots.look core.files core.store.__init__ "
        "core.store.audit core.pipeline.__init__ core.pipeline.full pages.components.frame"
    )
    rest = dict.fromkeys(names.split(), "") | {"core.store.queue": "from core.store import audit"}
    assert not [one for check in SENTENCES.values() for one in check(rest)]
    found = SENTENCES[sentence](rest | {module: source})
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.store.audit", "from core.store import queue"),
        ("core.workspace", "x = datetime.now(UTC)"),
        ("core.pipeline.full", "at = workspace.now()"),
        ("core.pipeline.full", "import time\nx = time.perf_counter()"),
        ("core.replay.company", "from datetime import time\nx = time(5)"),
        ("pages.components.frame", "import streamlit\ntry:\n    pass\nexcept OSError:\n    pass"),
    ],
)
def test_what_is_allowed_is_let_stand(module: str, source: str) -> None:
    modules = {"core.store.__init__": "", "core.store.queue": "", module: source}
    assert not [one for check in SENTENCES.values() for one in check(modules)]
