"""Pictures of every page, light and dark, on a desktop and a phone: `make screenshots`.

    python -m tests.screenshots [--example CONFIG] [--to docs/screenshots] [--pages today drift ...]

The example company (or that of CONFIG, which is copied) is made; people who do not exist write down a few contacts;
then worker and dashboard are started, and each page is taken as long as it is.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from tqdm import tqdm

from core.pipeline import contact, full, noting
from core.replay import build_example, example_config
from core.views import worklist
from core.workspace import Workspace, open_workspace, utc_now
from tests import browser
from tests.browser import DESKTOP, PHONE, go
from tests.builders import make_workspace
from tests.dashboard_fixtures import HOME, PAGES

#: pixels of a picture's height at most
LONGEST = 5000
#: how long a page is: Streamlit scrolls inside of it
HEIGHT = "() => document.querySelector('[data-testid=stMain]').scrollHeight"


def prepare(folder: Path, example: Path | None) -> Workspace:
    """A company to look at in `folder`."""
    if example is None:
        own = make_workspace(folder, now=utc_now)  # a worker will look at it
        build_example(own)
        config = example_config(own)
    else:
        config = shutil.copytree(example.parent, folder / "example") / example.name
    workspace = open_workspace(config)
    full.full_run(workspace)  # as last night
    _noted(workspace)
    return workspace


def _noted(workspace: Workspace) -> None:
    """What a week brings: calls, a client put off, another view of a risk."""
    now = workspace.now()
    calls = worklist.today(workspace).calls
    owner = calls["owner"].iloc[0]
    mine = calls[calls["owner"] == owner]["client"].tolist()
    hour = timedelta(hours=1)
    contact.contacted(
        workspace, mine[1], owner, on=now - 5 * hour, how="call", result="saved", note="Renews in spring.",
        again=now + 60 * 24 * hour,
    )  # fmt: skip
    contact.contacted(
        workspace, mine[4], owner, on=now - 2 * hour, how="visit", result="undecided", note="Compares two offers.",
        again=now + 6 * 24 * hour,
    )  # fmt: skip
    noting.snooze(
        workspace, mine[6], owner, "Contract was signed last week", until=now + 30 * 24 * hour, rises_by=0.1
    )  # fmt: skip
    noting.override(workspace, mine[0], owner, "medium", "The board has promised an answer", now + 20 * 24 * hour)
    noting.save_filter(workspace, owner, "High risk in the north", "bands=High")


def take(page: Page, file: Path) -> None:
    """The whole page as a picture of few colours."""
    width = page.viewport_size["width"] if page.viewport_size else DESKTOP[0]
    page.wait_for_timeout(1500)
    page.set_viewport_size({"width": width, "height": min(int(page.evaluate(HEIGHT)) + 40, LONGEST)})
    page.wait_for_timeout(2000)
    page.screenshot(path=file)
    with Image.open(file) as made:
        made.convert("RGB").quantize(128).save(file, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=Path, help="config file of an example company that is there")
    parser.add_argument("--to", type=Path, default=HOME / "docs" / "screenshots")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = prepare(Path(scratch), arguments.example)
        calls = worklist.today(workspace).calls
        who = calls["owner"].iloc[0].replace(" ", "+")
        with (
            browser.working(workspace.config_path),
            browser.serving(workspace.config_path) as server,
            browser.chromium() as chromium,
        ):
            for name in tqdm(arguments.pages, unit="page"):
                query = f"?me={who}" + (f"&client={calls['client'].iloc[0]}" if name == "client" else "")
                for scheme in ("light", "dark"):
                    for device, (width, height) in {"desktop": DESKTOP, "phone": PHONE}.items():
                        with browser.tab(chromium, server, scheme=scheme) as page:
                            page.set_viewport_size({"width": width, "height": height})
                            go(page, server, name + query)
                            take(page, arguments.to / f"{name}-{scheme}-{device}.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
