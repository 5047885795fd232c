"""Which files a run is about: the invoice repository around the given paths, and the definitions in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Failure, Finding, Severity, failure
from pennyform.invoices.sources.source_file import (
    FileReader,
    Source,
    close_name,
    leads_inside,
    rejected_files,
)
from pennyform.invoices.yaml.document import YamlValue
from pennyform.safe_files import SETTINGS_FILE, is_below, real_path, settings_above

_SUFFIXES = (".yaml", ".yml")
_FOLDERS = {"customers": "customer", "products": "product", "templates": "invoice-template"}
# Below a folder of this name files are what definitions draw on, never definitions themselves.
DATA_FOLDER = "data"
INVOICES_FOLDER = "invoices"
_DEFINITIONS = frozenset({INVOICES_FOLDER, *_FOLDERS})
_WALKED = (*_DEFINITIONS, "node_modules")
# The folders of a contract that the repository owns, and where they are unless its settings say otherwise.
CONTRACT_FOLDERS = {"specs": "specs", "output": "generated"}
# Each of them is compared with each file.
MOST_PATTERNS = 200
LONGEST_PATTERN = 200


class Sources(NamedTuple):
    """The files of one run. ``settings`` is None in a folder without ``pennyform.yaml``.

    ``shared`` are the customers, products and templates of the repository, whichever paths were requested;
    ``requested_shared`` are the names of those among the requested paths. ``rejected`` says which files are
    not read, and why. Of a company, ``company`` is the name, ``outer`` the settings of the root that lists it
    and ``inherited`` the root's customers, products and templates.
    """

    root: Path
    settings: Source | None
    shared: tuple[Source, ...]
    requested: tuple[Source, ...]
    requested_shared: frozenset[str]
    rejected: tuple[Finding, ...]
    company: str = ""
    outer: Source | None = None
    inherited: tuple[Source, ...] = ()

    @property
    def all(self) -> tuple[Source, ...]:
        """Every file of the repository that is read."""
        return (*self.shared, *self.requested, *([self.settings] if self.settings else []))


def discover(paths: Sequence[str | Path], reader: FileReader) -> Sources:
    """Find the repository that ``paths`` belong to, and its files but those that its settings ignore.

    Files are called as the user would: relative to the working directory when the path given is. A file that
    is ignored stays so when it is given by name, as hooks do with every file of a commit.

    Raises:
        Failure: a path does not exist, or the paths belong to different repositories.
    """
    requested = [Path(path) for path in paths] or [Path()]
    settings_root = _settings_root(requested)
    folders = [path if path.is_dir() else path.parent for path in map(real_path, requested)]
    root = settings_root or Path(os.path.commonpath(folders))
    names_from = None if requested[0].is_absolute() else Path.cwd()
    linked = [root / name for name in sorted(_DEFINITIONS)]
    # What a link leads out to is not read because the path was named that goes through it.
    named = {path: path if path.is_dir() else path.parent for path in requested}
    links = {folder: _link_out(folder, root) for folder in dict.fromkeys(named.values())}
    linked += filter(None, links.values())
    inside = [path for path, folder in named.items() if not links[folder]]
    sources = _unique(_source(file, root, names_from) for file in _named_files(inside, root, linked))
    shared = _shared(root, names_from, linked)
    settings = _source(settings_root / SETTINGS_FILE, root, names_from) if settings_root else None
    read = (*([settings] if settings else []), *shared, *sources)
    rejected = _rejected(read, linked, root, names_from)
    if settings_root:
        rejected |= _no_folders(root, names_from, rejected)
    if settings and settings.path in rejected:
        settings = None
    is_ignored = _ignore_rule(settings, root, reader)
    shared_paths = {source.path for source in shared}
    sources_of_run = Sources(
        root=root,
        settings=settings,
        shared=tuple(source for source in shared if source.path not in rejected and not is_ignored(source)),
        requested=tuple(
            source
            for source in sources
            if source.path not in shared_paths
            and source.path not in rejected
            and not is_data(source.path, root)
            and not is_ignored(source)
        ),
        requested_shared=frozenset(source.name for source in sources if source.path in shared_paths),
        rejected=tuple(rejected.values()),
    )
    # Few repositories lie in another one.
    if settings and settings_above(root.parent):
        return _with_inherited(sources_of_run, settings, names_from, reader)
    return sources_of_run


def _named_files(paths: Iterable[Path], root: Path, linked: list[Path]) -> Iterator[Path]:
    """The files at ``paths`` and below, without settings; ``linked`` as for ``_walk``."""
    for path in paths:
        # A file keeps its own name, be it a link: `rejected_files` says whether it may lead where it does.
        named = [real_path(path.parent) / path.name]
        files = _walk(real_path(path), root, linked) if path.is_dir() else named
        yield from (file for file in files if file.name != SETTINGS_FILE)


def _rejected(
    sources: Iterable[Source], linked: Iterable[Path], root: Path, names_from: Path | None
) -> dict[Path, Finding]:
    """Those of ``sources`` and of ``linked`` folders that are not read, each with the reason."""
    candidates = [(source.path, source.name) for source in sources]
    # Nothing below a linked folder is read: with no finding, nobody would miss its invoices.
    candidates += [(folder, _source(folder, root, names_from).name) for folder in linked]
    return rejected_files(candidates, root)


def _link_out(folder: Path, root: Path) -> Path | None:
    """The link on the way to ``folder`` that leads out of the repository in ``root``, if there is one."""
    if is_below(real_path(folder), root):
        return None
    way = Path(os.path.abspath(folder))  # noqa: PTH100 - as it is written, links and all
    for link in (way, *way.parents):
        if link.is_symlink() and is_below(parent := real_path(link.parent), root):
            return parent / link.name
    return None


def _no_folders(root: Path, names_from: Path | None, rejected: Mapping[Path, Finding]) -> dict[Path, Finding]:
    """What is called like a folder of definitions and is none: nobody would miss what is not read there."""
    return {
        path: Finding(
            "file-unreadable",
            Severity.ERROR,
            f"`{path.name}` is the name of a folder of definitions, and this is no folder",
            _source(path, root, names_from).name,
            1,
            1,
            fix="rename it, or make it a folder",
        )
        for path in (root / name for name in sorted(_DEFINITIONS))
        if path not in rejected and os.path.lexists(path) and not path.is_dir()
    }


def _shared(root: Path, names_from: Path | None, linked: list[Path]) -> list[Source]:
    """The customers, products and templates of the repository in ``root``; ``linked`` as for ``_walk``."""
    return _unique(
        _source(path, root, names_from)
        for folder in (root / name for name in _FOLDERS)
        # What a link leads to belongs to the repository only if it lies in it.
        if leads_inside(folder, root)
        for path in _walk(folder, root, linked)
        if not is_data(path, root)
    )


def _with_inherited(
    sources: Sources, settings: Source, names_from: Path | None, reader: FileReader
) -> Sources:
    """``sources``, and what a company inherits from the root that lists it."""
    from pennyform.invoices.sources.companies import root_of

    listing = root_of(sources.root, reader, settings.name.removesuffix(SETTINGS_FILE))
    if listing is None:
        return sources
    outer, _ = listing
    linked: list[Path] = []
    shared = _shared(outer.root, names_from, linked)
    rejected = _rejected((outer, *shared), linked, outer.root, names_from)
    is_ignored = _ignore_rule(outer, outer.root, reader)
    return sources._replace(
        company=sources.root.name,
        outer=outer,
        inherited=tuple(
            source for source in shared if source.path not in rejected and not is_ignored(source)
        ),
        rejected=(*sources.rejected, *rejected.values()),
    )


def _require_existing(paths: Iterable[Path]) -> None:
    """Refuse paths that lead nowhere.

    Raises:
        Failure: one of them does.
    """
    missing = []
    for path in paths:
        if path.is_symlink() and not path.exists():
            fix = "let it lead to what is there, or remove it"
            summary = "it is a link that leads nowhere"
            missing.append(Finding("path-missing", Severity.ERROR, summary, file=str(path), fix=fix))
        elif not path.exists():
            close = close_name(path)
            fix = f"write `{path.with_name(close)}`" if close else "check the path, and the folder you are in"
            summary = "there is no such file or folder"
            missing.append(Finding("path-missing", Severity.ERROR, summary, file=str(path), fix=fix))
    if missing:
        raise Failure(missing)


def _home(path: Path) -> Path | None:
    """The nearest folder upwards from ``path``, as it is written, that holds settings, without links.

    A link lies where it is. Where no settings are on the way to it, those count that are above what it leads
    to: a user may have links of their own into repositories.
    """
    folder = path if path.is_dir() else path.parent
    way = Path(os.path.abspath(folder))  # noqa: PTH100 - as it is written, links and all
    home = next((above for above in (way, *way.parents) if os.path.lexists(above / SETTINGS_FILE)), None)
    return real_path(home) if home else settings_above(folder)


def by_repository(paths: Sequence[str | Path]) -> list[tuple[Path, ...]]:
    """``paths`` apart by the repository that they belong to, those of each as they were asked for.

    A repository in a folder is one of its own, whatever is around it; a folder that belongs to none stands
    for those in it.

    Raises:
        Failure: a path does not exist.
    """
    requested = [Path(path) for path in paths] or [Path()]
    _require_existing(requested)
    runs: dict[Path | None, dict[Path, None]] = {}
    for path in requested:
        home = _home(path)
        inner = (
            [root for root in repositories_below([path]) if real_path(root) != home] if path.is_dir() else []
        )
        if home is not None or not inner:
            runs.setdefault(home, {})[path] = None
        for root in inner:
            runs.setdefault(real_path(root), {})[root] = None
    return [tuple(members) for members in runs.values()]


def _settings_root(requested: Sequence[Path]) -> Path | None:
    """The nearest folder upwards from all ``requested`` paths that holds settings."""
    _require_existing(requested)
    roots = {_home(path) for path in requested}
    if len(roots) > 1:
        raise failure(
            "several-repositories",
            "the paths belong to different invoice repositories",
            detail=f"Each folder with a {SETTINGS_FILE} is a repository of its own, with its own settings.",
            fix="name files of one of them",
        )
    return roots.pop()


def repositories_below(folders: Iterable[Path]) -> list[Path]:
    """The folders with settings at ``folders`` and below, in stable order; hidden ones are left out."""
    roots: dict[Path, None] = {}
    for start in folders:
        for parent, names, files in os.walk(start):
            names[:] = sorted(name for name in names if not name.startswith(".") and name != "node_modules")
            if SETTINGS_FILE in files:
                roots[Path(parent)] = None
    return list(roots)


def definition_folders(root: Path) -> Iterator[Path]:
    """The settings of a repository, and its folders of definitions at any depth.

    Other YAML of a repository, such as that of a deployment, is no matter of a hook.
    """
    yield root / SETTINGS_FILE
    for parent, names, files in os.walk(root):
        if SETTINGS_FILE in files and Path(parent) != root:
            names.clear()  # a repository of its own
            continue
        yield from (Path(parent, name) for name in sorted(names) if name in (INVOICES_FOLDER, *_FOLDERS))
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _WALKED)


def is_data(path: Path, root: Path) -> bool:
    """Whether a file below ``root`` is data for definitions, because of the folder it lies in."""
    return DATA_FOLDER in _folders(path, root)


def _ignore_rule(settings: Source | None, root: Path, reader: FileReader) -> Callable[[Source], bool]:
    """Whether the settings ignore a file. What is wrong with the settings is reported by who checks them."""
    document = reader.read(settings).document if settings else None
    value: YamlValue = document.value if document else None
    sections = value if isinstance(value, dict) else {}
    ignore = sections.get("ignore")
    entries = ignore if isinstance(ignore, list) else []
    # More, and longer ones, are an error that the schema of the settings reports.
    texts = [
        text for text in entries[:MOST_PATTERNS] if isinstance(text, str) and len(text) <= LONGEST_PATTERN
    ]
    # What is pinned and generated holds no definitions.
    contract = sections.get("contract")
    if isinstance(contract, dict):
        folders = (contract.get(name, default) for name, default in CONTRACT_FOLDERS.items())
        texts += [text for text in folders if isinstance(text, str) and len(text) <= LONGEST_PATTERN]
    patterns = [text.strip("/") for text in texts]
    if not patterns:
        return lambda _: False
    # One expression for all of them, and one look at each folder, however many files are in it.
    pattern = re.compile("|".join(map(translate, patterns)))

    @lru_cache(4096)
    def is_ignored_folder(folder: Path) -> bool:
        """Whether a pattern names the folder, relative to the root, or one around it."""
        if pattern.match(folder.as_posix()):
            return True
        return folder.parent != folder and is_ignored_folder(folder.parent)

    def is_ignored(source: Source) -> bool:
        """A pattern names the file or a folder around it."""
        if not source.path.is_relative_to(root):
            return False
        file = source.path.relative_to(root)
        return bool(pattern.match(file.as_posix())) or is_ignored_folder(file.parent)

    return is_ignored


def _folders(path: Path, root: Path) -> list[str]:
    """The names of the folders between ``root`` and a file; none when it lies elsewhere."""
    below = _below(str(path), str(root))
    return [] if below is None else below.split(os.sep)[:-1]  # noqa: PTH206 - see _below


def _below(path: str, folder: str) -> str | None:
    """``path`` relative to ``folder``, or None; for many files pathlib would take too long."""
    prefix = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None


def _walk(folder: Path, root: Path, linked: list[Path]) -> Iterator[Path]:
    """YAML files below ``folder`` in stable order, without hidden ones and those of other repositories.

    ``root`` is the folder of the repository. Folders of definitions that are links are not followed; they are
    added to ``linked``.
    """
    for parent, folders, names in os.walk(folder):
        if SETTINGS_FILE in names and Path(parent) != root:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(parent, name) for name in folders):
            if path.is_symlink() and not _DEFINITIONS.isdisjoint(_folders(path / path.name, root)):
                linked.append(path)
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)


def _source(path: Path, root: Path, names_from: Path | None) -> Source:
    kind = next((_FOLDERS[folder] for folder in _folders(path, root) if folder in _FOLDERS), "")
    name = str(path)
    if names_from:
        name = _below(name, str(names_from)) or os.path.relpath(path, names_from)
    return Source(path, name, kind, root)


def _unique(sources: Iterable[Source]) -> list[Source]:
    return list({source.path: source for source in sources}.values())
