"""Pages compared with pictures that somebody has looked at: on a phone, on a screen, in the dark, on paper.

``UPDATE_CASES=1 nox -s page -- -k as_they_were`` takes them anew: look at them before they are committed.
Fonts differ from machine to machine, so the pages are shown in one that a package of the session brings,
without hints for pixels. Another version of Chromium may paint the edges of letters otherwise: squares of
pixels are compared by how dark they are.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox
from PIL import Image

from tests.pictures import difference
from tests.sandbox.bodies import company, line

from .accounts import preview_page, write_pages
from .layout import MEDIA, show

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parent / "pictures"
HEIGHT = 1300
SQUARE = 16
# How much darker or lighter a square may be, of 255. The fewer colours of the files make up to 6, letters
# that keep to whole pixels 22, and a page that is shifted by 2 pixels 28.
DIFFERENCE = 30
SHOWN = [
    ("plan", "phone"), ("plan", "desktop"), ("plan", "dark"), ("plan", "paper"),
    ("verify", "phone"), ("verify", "desktop"),
    ("status", "phone"), ("status", "dark"),
    ("preview", "phone"), ("preview", "paper"),
    ("sandbox", "phone"), ("sandbox", "desktop"),
]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages, by their names."""
    root = tmp_path_factory.mktemp("pages")
    before = Path.cwd()
    (root / "firm").mkdir()
    os.chdir(root / "firm")
    try:
        pages = write_pages(root / "firm")
    finally:
        os.chdir(before)
    # Invoices are created side by side: which one is the first is different each time.
    pages = {name: re.sub(r"\bid 1\d{13}\b", "id 10000000000127", page) for name, page in pages.items()}
    return {**pages, "preview": preview_page(root / "preview"), "sandbox": _sandbox()}


def _sandbox() -> str:
    """The first page of a sandbox, at a time of its own, with its style in it."""
    sandbox = Sandbox(clock=lambda: datetime(2025, 10, 1, 9, tzinfo=UTC), rate_limit=False)
    host = "http://127.0.0.1:8787"
    api = f"{host}/api/external/v2"
    with httpx.Client(transport=sandbox.transport()) as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        answer = client.post(f"{api}/company_customers", json=company(external_reference="ACME"))
        customer = answer.raise_for_status().json()["id"]
        for number, draft in enumerate((False, True, False)):
            body = {
                "customer_id": customer,
                "date": "2025-10-01",
                "deadline": "2025-10-31",
                "draft": draft,
                "external_reference": f"INV-{number}",
                "invoice_lines": [line(quantity=10**number)],
            }
            client.post(f"{api}/customer_invoices", json=body).raise_for_status()
        styles = [client.get(f"{host}/assets/{name}.css").text for name in ("base", "style")]
        text = client.get(host).raise_for_status().text
    sandbox.close()
    head, _, body = text.partition("</head>")
    # How long a request took is different each time, and so is the space before it.
    body = re.sub(r" +\d+\.\d ms", "    1.0 ms", body)
    return f"{head.partition('<link')[0]}<style>{''.join(styles)}</style></head>{body}"


@pytest.fixture
def shown(browser: Browser) -> Iterator[Page]:
    """An empty page whose policy lets the font of the tests through."""
    page = browser.new_page(bypass_csp=True)
    yield page
    page.close()


@cache
def _fonts() -> str:
    """Both weights of Lato, for everything that a page shows."""
    spec = find_spec("mkdocs")
    folder = Path(str(spec and spec.origin)).parent / "themes" / "readthedocs" / "css" / "fonts"
    faces = []
    for name, weights in (("lato-normal", "1 500"), ("lato-bold", "501 1000")):
        source = base64.b64encode((folder / f"{name}.woff2").read_bytes()).decode()
        url = f"url(data:font/woff2;base64,{source})"
        faces.append(f"@font-face {{ font-family: Tests; font-weight: {weights}; src: {url} }}")
    return " ".join((*faces, "* { font-family: Tests !important }"))


def _painted(page: Page, text: str, media: str, folder: Path, style: str = "") -> Image.Image:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    show(page, media)
    page.set_viewport_size({"width": MEDIA[media][0], "height": HEIGHT})
    page.goto(file.as_uri())
    page.add_style_tag(content=_fonts() + style)
    page.evaluate("Promise.all([...document.fonts].map(font => font.load()))")
    return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


@pytest.mark.parametrize(("name", "media"), SHOWN)
def test_pages_are_as_they_were_looked_at(
    shown: Page, written: dict[str, str], tmp_path: Path, name: str, media: str
) -> None:
    painted = _painted(shown, written[name], media, tmp_path)
    file = PICTURES / f"{name}-{media}.png"
    if os.environ.get("UPDATE_CASES"):
        PICTURES.mkdir(exist_ok=True)
        palette = painted.convert("P", palette=Image.Palette.ADAPTIVE, colors=32)
        palette.save(file, optimize=True)
    with Image.open(file) as expected:
        assert difference(painted, expected, SQUARE) <= DIFFERENCE, file.name


@pytest.mark.parametrize(
    ("name", "media", "style"),
    [
        ("plan", "phone", ".tiles { display: none }"),
        ("plan", "dark", ":root { --ink: #777 !important }"),
        ("plan", "paper", ".bar { visibility: hidden }"),
        ("verify", "phone", ".rows .sum { text-align: left }"),
        ("verify", "desktop", "th, td { padding: .6rem .7rem }"),
        ("status", "dark", ".pill { visibility: hidden }"),
        ("preview", "phone", ".stack tr { display: block }"),
        ("preview", "paper", ".paper dl > div { display: block } .paper dl dd { text-align: left }"),
        ("sandbox", "desktop", "main { max-width: 70rem }"),
    ],
)
def test_another_look_is_noticed(
    shown: Page, written: dict[str, str], tmp_path: Path, name: str, media: str, style: str
) -> None:
    with Image.open(PICTURES / f"{name}-{media}.png") as expected:
        painted = _painted(shown, written[name], media, tmp_path, style)
        assert difference(painted, expected, SQUARE) > DIFFERENCE
