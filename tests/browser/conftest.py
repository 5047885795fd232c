"""A browser for the tests of pages. Only session ``page`` runs them: they need Chromium and axe-core.

``PENNYFORM_BROWSER`` names the executable where playwright has none of its own, ``PENNYFORM_AXE`` the file of
axe-core, ``PENNYFORM_SHOTS`` a folder for pictures of what was seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request


# Seconds that anything may take on a machine with much else to do.
PATIENCE = 120

# Nothing that depends on the machine's screen and settings of fonts.
_PAINTING = ("--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Imported here: the other sessions collect this folder, find no tests in it, and have no playwright.
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        executable = os.environ.get("PENNYFORM_BROWSER") or None
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", *_PAINTING])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return Path(os.environ["PENNYFORM_AXE"]).read_text(encoding="utf-8")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """An empty page; whatever it asks of other places, says or complains about fails the test."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text) if _of_page(message.text) else None)
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("dialog", lambda dialog: noted.append(dialog.message))
    page.on("request", lambda asked: noted.append(asked.url) if not _own(asked) else None)
    yield page
    assert noted == []
    page.close()


def _of_page(message: str) -> bool:
    """Whether it is not Chromium's own remark on how slowly files and fonts arrive."""
    return not message.startswith("[Intervention] ")


def _own(asked: Request) -> bool:
    return asked.url.startswith(("file:", "data:", "http://127.0.0.1"))


def wait_until(page: Page, condition: str) -> None:
    """Wait until the JavaScript expression ``condition`` holds: what a key does shows a moment later.

    ``Page.wait_for_function`` cannot be used: it polls by ``eval``, which the pages' policy forbids.

    Raises:
        AssertionError: it did not hold for :data:`PATIENCE`.
    """
    for _ in range(PATIENCE * 20):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition}: not within {PATIENCE} seconds")


def keep(page: Page, name: str) -> None:
    """A picture of the whole page, where pictures are wanted."""
    if folder := os.environ.get("PENNYFORM_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
