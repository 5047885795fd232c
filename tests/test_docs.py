"""The guides say what is so: their Python runs, their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pennyform import __version__
from pennyform.cli import VERBS, main

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


ANCHOR = re.compile(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Where links into a page can lead: its headings, as the site and GitHub name them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    names = (re.sub(r"\[(.*?)\]\(.*?\)|[`*]", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", name).strip()) for name in names}


def test_links_lead_to_headings() -> None:
    known = {page: anchors(page) for page in PAGES}
    missing = [
        f"{page.name}: {file}#{anchor}"
        for page in PAGES
        for file, anchor in ANCHOR.findall(page.read_text(encoding="utf-8"))
        if (target := (page.parent / file).resolve() if file else page).suffix == ".md"
        and anchor not in known[target]
    ]
    assert missing == []


ACTIONS = {
    "sandbox": ("serve", "reset", "snapshot", "restore"),
    "spec": ("init", "fetch", "status", "diff"),
    "auth": ("status",),
    "fleet": ("init", "submit", "worker", "status", "pause", "resume", "clean", "approve"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_reference_of_the_command_line_names_every_option(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for action in ACTIONS.get(verb, ("",)):
        with pytest.raises(SystemExit):
            main([verb, *filter(None, [action]), "--help"])
        options = set(re.findall(r"^  (?:-\w+.*, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert sorted(option for option in options - {"--help"} if f"`{option}" not in page) == []
        assert f"`{' '.join([verb, action]).strip()}" in page or f"`{action}`" in page


def test_one_place_says_where_the_project_lives() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    home = project["urls"]["Homepage"]
    assert all(url.startswith(home) for url in project["urls"].values())
    files = [*PAGES, *ROOT.glob(".github/**/*.*"), *ROOT.glob("examples/**/*.yaml"), ROOT / "Containerfile"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "OWNER" not in text, file
        for url in re.findall(r"https://github\.com/[\w.-]+/pennyform\b", text):
            assert url == home, file
        for place in re.findall(r"([\w.-]+/pennyform)/actions/\w+@", text):
            assert home.endswith(f"/{place}"), file


def test_pages_name_the_version_of_the_package() -> None:
    versions = {
        (page.name, version)
        for page in PAGES
        for version in re.findall(
            r"(?:rev: |@|pennyform==)v?(\d+\.\d+\.\d+)", page.read_text(encoding="utf-8")
        )
    }
    assert {page for page, _ in versions} >= {"README.md", "hooks.md", "pull-requests.md"}
    assert {version for _, version in versions} == {__version__}


def test_the_site_has_every_page_and_its_links_lead_to_the_repository(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "site.py"), str(tmp_path / "site")]
    subprocess.run(command, check=True)
    pages = {path.relative_to(tmp_path / "site" / "docs") for path in (tmp_path / "site").rglob("*.md")}
    assert {page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/**/*.md")} < pages
    assert (tmp_path / "site" / "docs" / "rules" / "unit-unmapped.md").is_file()
    for page in pages:
        text = (tmp_path / "site" / "docs" / page).read_text(encoding="utf-8")
        up = [link for link in LINK.findall(text) if link.count("../") > len(page.parts) - 1]
        assert up == [], page
    home = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Homepage"]
    llms = (tmp_path / "site" / "docs" / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(rf"^- \[[^\]]+\]\({re.escape(home)}/raw/main/docs/([^)]+)\): \S", llms, re.MULTILINE)
    assert len(links) == llms.count("](")
    assert {*links} == {page.relative_to(ROOT / "docs").as_posix() for page in ROOT.glob("docs/**/*.md")}
