"""The changelog has its form, and everything that breaks the form is said."""

from __future__ import annotations

import pytest

from .changelog import problems_of_changelog, problems_of_tag
from .contents import PROJECT, ROOT, VERSION

HOME = PROJECT["urls"]["Homepage"]
SOUND = f"""# Changelog

## [Unreleased]

## [{VERSION}] - 2026-11-30

### Added

- A thing,
  with its reason.

### Fixed

- Another thing.

## [0.0.1] - 2026-11-22

The first one.

### Added

- All of it.

[Unreleased]: {HOME}/compare/v{VERSION}...HEAD
[{VERSION}]: {HOME}/compare/v0.0.1...v{VERSION}
[0.0.1]: {HOME}/releases/tag/v0.0.1
"""


def test_the_changelog_has_its_form() -> None:
    assert list(problems_of_changelog((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))) == []


def test_a_sound_changelog_has_no_problem() -> None:
    assert list(problems_of_tag(f"v{VERSION}", SOUND)) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("# Changelog", "# News", "CHANGELOG.md has no title"),
        ("## [Unreleased]\n", "", "the first heading is not [Unreleased]"),
        (" - 2026-11-22", " (unreleased)", "'[0.0.1] (unreleased)' is no '[version] - date'"),
        (f"## [{VERSION}]", "## [9.9.9]", f"the newest release is not {VERSION}"),
        ("[0.0.1] - 2026-11-22", "[99.0.1] - 2026-11-22", f"{VERSION} stands above 99.0.1"),
        ("11-22", "12-01", f"{VERSION} is of 2026-11-30, before 0.0.1 of 2026-12-01"),
        ("11-22", "02-30", "the date of 0.0.1, 2026-02-30, does not exist"),
        ("[0.0.1]: ", "[0.0.2]: ", "the links at the end are of"),
        (
            f"[0.0.1]: {HOME}",
            "[0.0.1]: https://example.com",
            "the link of 0.0.1 does not lead to the project",
        ),
        ("v0.0.1...", "v0.0.0...", f"the link of {VERSION} does not compare it with 0.0.1"),
        ("...HEAD", f"...v{VERSION}", "the link of Unreleased does not compare it"),
        ("The first one.", "- The first one.", "[0.0.1] - 2026-11-22 has an entry outside of a section"),
        ("### Fixed", "### Improved", f"[{VERSION}] - 2026-11-30 has the sections Added, Improved"),
        ("### Fixed", "### Added", f"[{VERSION}] - 2026-11-30 has the sections Added, Added"),
        ("- Another thing.", "", f"[{VERSION}] - 2026-11-30, Fixed: nothing"),
        ("A thing,\n", "A thing,\n  this,\n  that,\n", f"[{VERSION}] - 2026-11-30, Added: '- A thing,"),
    ],
)
def test_what_breaks_the_form_is_said(old: str, new: str, problem: str) -> None:
    assert old in SOUND
    problems = list(problems_of_changelog(SOUND.replace(old, new)))
    assert [found for found in problems if found.startswith(problem)], problems


def test_a_tag_agrees_with_version_and_changelog() -> None:
    assert list(problems_of_tag("v0.0.1", SOUND)) == [
        f"the tag v0.0.1 is not v{VERSION}, the version of the package"
    ]
    late = SOUND.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- A late thing.\n")
    assert list(problems_of_tag(f"v{VERSION}", late)) == [
        f"CHANGELOG.md has entries that are not in {VERSION}"
    ]
