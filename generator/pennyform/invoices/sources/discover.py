"""Which files a run is about: the invoice repository around the given paths, and the definitions in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Failure, Finding, Severity, failure
from pennyform.invoices.sources.rejected import refusals

SETTINGS_FILE = "pennyform.yaml"
_SUFFIXES = (".yaml", ".yml")
_FOLDERS = {"customers": "customer", "products": "product", "templates": "invoice-template"}
# Below a folder of this name files are what definitions draw on, never definitions themselves.
DATA_FOLDER = "data"


class Source(NamedTuple):
    """One file to read. ``kind`` is what its folder says it declares, "" when the folder does not say."""

    path: Path
    name: str
    kind: str


class Sources(NamedTuple):
    """The files of one run. ``settings`` is None in a folder without ``pennyform.yaml``.

    ``beside`` are the customers, products and templates of the repository, whichever paths were given;
    ``asked`` are the names of those among the given paths. ``refused`` says which files are not read,
    and why.
    """

    root: Path
    settings: Source | None
    beside: tuple[Source, ...]
    given: tuple[Source, ...]
    asked: frozenset[str] = frozenset()
    refused: tuple[Finding, ...] = ()


def discover(paths: Sequence[str | Path]) -> Sources:
    """Find the repository that ``paths`` belong to, and its files.

    Files are called as the user would: relative to the working directory when the path given is.

    Raises:
        Failure: a path does not exist, or the paths belong to different repositories.
    """
    given = [Path(path) for path in paths] or [Path()]
    missing = [path for path in given if not path.exists()]
    if missing:
        raise Failure([_missing(path) for path in missing])
    roots = {_settings_root(path) for path in given}
    if len(roots) > 1:
        raise failure(
            "several-repositories",
            "the paths belong to different invoice repositories",
            detail=f"Each folder with a {SETTINGS_FILE} is a repository of its own, with its own settings.",
            fix="run the command once for each",
        )
    root = roots.pop()
    base = root or _common_folder(given)
    shown = None if given[0].is_absolute() else Path.cwd()
    sources = _unique(_source(path, base, shown) for path in _files(given) if path.name != SETTINGS_FILE)
    beside = _unique(_source(path, base, shown) for folder in _FOLDERS for path in _walk(base / folder))
    settings = [_source(root / SETTINGS_FILE, base, shown)] if root else []
    refused = refusals(((source.path, source.name) for source in (*settings, *beside, *sources)), base)
    known = {source.path for source in beside}
    passed = known | refused.keys()
    return Sources(
        root=base,
        settings=next((source for source in settings if source.path not in refused), None),
        beside=tuple(source for source in beside if source.path not in refused),
        given=tuple(one for one in sources if one.path not in passed and not is_data(one.path, base)),
        asked=frozenset(source.name for source in sources if source.path in known),
        refused=tuple(refused.values()),
    )


def is_data(path: Path, root: Path) -> bool:
    """Whether a file below ``root`` is data for definitions, because of the folder it lies in."""
    return DATA_FOLDER in _folders(path, root)


def _folders(path: Path, root: Path) -> list[str]:
    """The names of the folders between ``root`` and a file; none when it lies elsewhere."""
    below = _below(str(path), str(root))
    return [] if below is None else below.split(os.sep)[:-1]  # noqa: PTH206 - see _below


def _below(path: str, folder: str) -> str | None:
    """``path`` relative to ``folder``, or None; for many files pathlib would take too long."""
    prefix = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None


def _missing(path: Path) -> Finding:
    close = close_name(path)
    fix = f"write `{path.with_name(close)}`" if close else "check the path, and the folder you are in"
    return Finding("path-missing", Severity.ERROR, "there is no such file or folder", file=str(path), fix=fix)


def close_name(missing: Path) -> str:
    """The name beside a file that is not there which is probably meant; "" when none is close."""
    from difflib import get_close_matches

    try:
        names = sorted(one.name for one in missing.parent.iterdir())
    except OSError:
        return ""
    return next(iter(get_close_matches(missing.name, names, n=1, cutoff=0.85)), "")


def _settings_root(path: Path) -> Path | None:
    """The nearest folder upwards that holds settings."""
    path = path.resolve()
    for folder in (path, *path.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    return None


def _common_folder(paths: Iterable[Path]) -> Path:
    folders = [path if path.is_dir() else path.parent for path in (path.resolve() for path in paths)]
    return Path(os.path.commonpath(folders))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from _walk(path.resolve())
        else:
            yield path.parent.resolve() / path.name


def _walk(folder: Path) -> Iterator[Path]:
    """YAML files below ``folder`` in stable order, hidden ones left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def _source(path: Path, base: Path, shown: Path | None) -> Source:
    kind = next((_FOLDERS[folder] for folder in _folders(path, base) if folder in _FOLDERS), "")
    name = str(path)
    if shown:
        name = _below(name, str(shown)) or os.path.relpath(path, shown)
    return Source(path, name, kind)


def _unique(sources: Iterable[Source]) -> list[Source]:
    return list({source.path: source for source in sources}.values())
