"""The documentation site as it is read: on a phone and on a screen, from this computer alone."""

from __future__ import annotations

import functools
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from pennyform.report.plan import html as plan_page
from pennyform.results.plan import PlanDocument
from PIL import Image
from playwright.sync_api import Page

from tests.pictures import difference

from .conftest import keep
from .layout import show

ROOT = Path(__file__).parents[2]
PAGES = (
    "",
    "agents/",
    "command-line/",
    "life-cycle/",
    "promises/",
    "pull-requests/",
    "reference-client/",
    "rules/unit-unmapped/",
    "start/",
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, built as the session ``docs`` does."""
    folder = tmp_path_factory.mktemp("documentation") / "built"
    subprocess.run([sys.executable, str(ROOT / "docs" / "site.py"), str(folder)], check=True)
    build = [Path(sys.executable).parent / "zensical", "build", "--strict", "--clean"]
    subprocess.run([*build, "--config-file", folder / "mkdocs.yml"], check=True, capture_output=True)
    handler = functools.partial(Quiet, directory=str(folder / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("media", ["phone", "desktop", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_asks_nobody(site: str, name: str, media: str, tab: Page) -> None:
    show(tab, media)
    answer = tab.goto(site + name, wait_until="networkidle")
    assert answer
    assert answer.status == 200
    assert tab.locator("h1").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(tab, f"site-{name.strip('/').replace('/', '-') or 'index'}-{media}")


@pytest.mark.parametrize("media", ["phone", "desktop"])
def test_what_is_searched_for_is_shown(site: str, media: str, tab: Page) -> None:
    show(tab, media)
    tab.goto(site, wait_until="networkidle")
    tab.locator("label[for=__search], .md-search__button").locator("visible=true").first.click()
    tab.get_by_role("combobox", name="Search").fill("finalize")
    tab.get_by_text("needs-finalize").first.wait_for()
    keep(tab, f"site-search-{media}")


def test_the_picture_of_a_plan_is_of_todays_page(tab: Page, tmp_path: Path) -> None:
    """``UPDATE_CASES=1 nox -s page -- -k picture`` takes it anew: look at it before it is committed."""
    case = ROOT / "tests" / "engine" / "cases" / "first" / "plan.json"
    file = tmp_path / "plan.html"
    file.write_text(plan_page.render(msgspec.json.decode(case.read_bytes(), type=PlanDocument)), "utf-8")
    show(tab, "desktop")
    tab.set_viewport_size({"width": 1000, "height": 800})
    tab.goto(file.as_uri())
    taken = Image.open(io.BytesIO(tab.screenshot())).convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    picture = ROOT / "docs" / "pictures" / "plan.png"
    if os.environ.get("UPDATE_CASES"):
        picture.parent.mkdir(exist_ok=True)
        taken.save(picture, optimize=True)
    with Image.open(picture) as expected:
        # Fonts differ from machine to machine, so only what is where is compared: large squares.
        assert difference(taken, expected, square=50) <= 40
