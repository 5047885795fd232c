"""The form of CHANGELOG.md: Keep a Changelog, with links from the project's one address."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date

from .contents import PROJECT, VERSION

UNRELEASED = "Unreleased"
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
LINES_OF_AN_ENTRY = 3
_HEADING = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)")
_ENTRY = re.compile(r"^- .+(?:\n  .+)*", re.MULTILINE)


def problems_of_changelog(text: str) -> Iterator[str]:
    """Everything that is wrong with the changelog, a sentence each."""
    body, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    if not body.startswith("# Changelog\n"):
        yield "CHANGELOG.md has no title"
    names = [part.partition("\n")[0] for part in parts]
    if names[:1] != [f"[{UNRELEASED}]"]:
        yield f"the first heading is not [{UNRELEASED}]"
    found = [_HEADING.fullmatch(name) for name in names[1:]]
    yield from (
        f"'{name}' is no '[version] - date'"
        for name, match in zip(names[1:], found, strict=True)
        if not match
    )
    releases = [(match[1], match[2]) for match in found if match]
    if [version for version, _ in releases][:1] != [VERSION]:
        yield f"the newest release is not {VERSION}, the version of the package"
    yield from _problems_of_order(releases)
    yield from _problems_of_links(text, [UNRELEASED, *(version for version, _ in releases)])
    for name, part in zip(names, parts, strict=True):
        yield from _problems_of_sections(name, part.partition("\n")[2].partition("\n[")[0])


def problems_of_tag(tag: str, text: str) -> Iterator[str]:
    """What keeps a tag from being released: another version, or a changelog that is not finished."""
    if tag != f"v{VERSION}":
        yield f"the tag {tag} is not v{VERSION}, the version of the package"
    if text.partition(f"## [{UNRELEASED}]\n")[2].partition("\n## ")[0].strip():
        yield f"CHANGELOG.md has entries that are not in {VERSION}"
    yield from problems_of_changelog(text)


def _problems_of_order(releases: list[tuple[str, str]]) -> Iterator[str]:
    for (newer, day), (older, before) in itertools.pairwise(releases):
        if [int(part) for part in newer.split(".")] <= [int(part) for part in older.split(".")]:
            yield f"{newer} stands above {older}"
        if day < before:
            yield f"{newer} is of {day}, before {older} of {before}"
    for version, day in releases:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield f"the date of {version}, {day}, does not exist"


def _problems_of_links(text: str, names: list[str]) -> Iterator[str]:
    links = dict(re.findall(r"^\[(.+?)\]: (\S+)$", text, re.MULTILINE))
    if list(links) != names:
        yield f"the links at the end are of {', '.join(links)}, and the headings of {', '.join(names)}"
    for name, link in links.items():
        if not link.startswith(f"{PROJECT['urls']['Homepage']}/"):
            yield f"the link of {name} does not lead to the project"
    for newer, older in itertools.pairwise(names):
        end = "HEAD" if newer == UNRELEASED else f"v{newer}"
        if not re.search(
            rf"/compare/(?:v{re.escape(older)}|[0-9a-f]{{8,40}})\.\.\.{end}$", links.get(newer, "")
        ):
            yield f"the link of {newer} does not compare it with {older}"


def _problems_of_sections(release: str, part: str) -> Iterator[str]:
    introduction, *sections = re.split(r"^### ", part, flags=re.MULTILINE)
    if _ENTRY.search(introduction):
        yield f"{release} has an entry outside of a section"
    names = [section.partition("\n")[0] for section in sections]
    if names != [name for name in SECTIONS if name in names]:
        yield f"{release} has the sections {', '.join(names)}; in order, they are {', '.join(SECTIONS)}"
    for name, section in zip(names, sections, strict=True):
        entries = _ENTRY.findall(section)
        if not entries:
            yield f"{release}, {name}: nothing"
        for entry in entries:
            if entry.count("\n") >= LINES_OF_AN_ENTRY:
                yield f"{release}, {name}: '{entry[:60]}…' has more than {LINES_OF_AN_ENTRY} lines"
