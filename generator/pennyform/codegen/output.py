"""The output folder: the lock with the digests of inputs and files, and writing all files or none.

While the inputs and the emitted files have the digests in ``lock.json``, they belong together, and nothing
needs to be emitted again. An input that has changed is no fault by itself: only what is emitted counts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import msgspec

import pennyform
from pennyform import strict_json
from pennyform.findings import Failure, Finding, Severity, failure, tidy
from pennyform.safe_files import UnsafeFileError, make_folders, open_inside, replaced_files, repository_around
from pennyform.spec import canonical_json
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.pin.store import Store, digest

NAME = "lock.json"
_FORMAT_VERSION = 1
_PACKAGES = ("openapi-python-client", "jinja2", "msgspec", "ruff")
_ROOMS = ("client_runtime", "codegen", "spec", "results")
# Part of the emitted clients, word for word; the rules of VAT codes.
_MODULES = ("redaction.py", "vat_rules.py")
# Folders that decide nothing: Python's caches, what compares contracts, the templates of `init` and invoices.
_IRRELEVANT = frozenset({"__pycache__", "diff", "init", "invoices"})


class _Inputs(msgspec.Struct, frozen=True):
    """What of a lock's inputs is looked at one by one; the rest is only compared."""

    stock_templates: dict[str, str] = {}


class _Lock(msgspec.Struct, frozen=True):
    """The lock's content: whoever can commit to a folder can write anything into it."""

    files: dict[str, str]
    inputs: _Inputs = _Inputs()


DISTRIBUTION_FILES = ("README.md", "pyproject.toml")
"""The files at the top that make emitted packages one that can be installed."""
OTHERS = "others"
"""In ``stock_templates``: all that ours do not stand in for."""


def inputs(store: Store, templates: Path, packages: Mapping[str, str] = MappingProxyType({})) -> JsonObject:
    """Digests and versions of everything that decides what is emitted.

    Args:
        store: where the contracts are pinned.
        templates: the folder of templates.
        packages: the names of the packages by API; all APIs, under our own names, when empty.

    Raises:
        Failure: a contract is not pinned.
    """
    our_templates = _tree(templates)
    replaced = {Path(name).name for name in our_templates if not name.startswith("package/")}
    contracts = {}
    for api in packages or store.apis():
        if api not in store.apis():
            store.pinned(api)
        entry = store.lock().contracts[api]
        # The source as the pin's own lock knows it, and the files that it became and that are said about it.
        files = {path.name: path for path in (store.contract_path(api), store.names_path(api))}
        files |= {path.name: path for path in store.overlay_paths(api)}
        if store.shipped is not None:
            shipped = Store(store.shipped).overlay_paths(api)
            files |= {f"pennyform/{path.name}": path for path in shipped}
        digests = {name: digest(path.read_bytes()) for name, path in files.items() if path.is_file()}
        named = {"package": packages[api]} if packages else {}
        contracts[api] = {"date": entry.date, "source": entry.read, **named, **digests}
    # This generator's own code too: its version alone would hide a change in a checkout.
    package = Path(pennyform.__file__).parent
    generator = {name: text for room in _ROOMS for name, text in _tree(package / room).items()}
    generator |= {name: digest((package / name).read_bytes()) for name in _MODULES}
    return {
        "contracts": contracts,
        "templates": our_templates,
        "stock_templates": _stock_templates(replaced),
        "generator": _digest_of_all(generator),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def record(made_from: JsonObject, files: Mapping[str, bytes], skipped: JsonObject) -> bytes:
    """The lock's content.

    Args:
        made_from: see :func:`inputs`.
        files: what was emitted, by path below the output folder.
        skipped: the reasons of the operations that are left out, by API and operation id.
    """
    digests = {path: digest(content) for path, content in sorted(files.items())}
    content = {"inputs": made_from, "skipped": skipped, "files": digests}
    return canonical_json({"format_version": _FORMAT_VERSION, **content})


def _stock_templates(our_names: Collection[str]) -> dict[str, str]:
    """The digests of openapi-python-client's templates: one for each that ours stands in for, by its name.

    All others together have one digest: a new one among them may be one to stand in for.
    """
    try:
        files = metadata.files("openapi-python-client") or []
    except metadata.PackageNotFoundError:
        return {}
    stock = {str(file).partition("/templates/")[2]: file for file in files if file.suffix == ".jinja"}
    digests = {name: digest(stock[name].read_binary()) for name in sorted(stock)}
    replaced = {name: text for name, text in digests.items() if name in our_names}
    unreplaced = {name: text for name, text in digests.items() if name not in our_names}
    return {**replaced, OTHERS: _digest_of_all(unreplaced)}


def refuse_older(lock: JsonObject, made_from: JsonObject, output: Path) -> None:
    """Make sure that no contract is older than the one that ``output`` was made from.

    Raises:
        Failure: one is; each is a finding.
    """
    before, after = lock.get("inputs", {}).get("contracts", {}), made_from["contracts"]
    findings = [
        Finding(
            "older-contract",
            Severity.ERROR,
            f"the contract of {api} is of {after[api]['date']}, what is there of {before[api]['date']}",
            file=str(output),
            detail="Fields and operations that programs use already may be missing in it.",
            fix="Fetch the newer contract, or say that it shall be so: pennyform generate --allow-older",
        )
        for api in before.keys() & after.keys()
        # Dates in ISO 8601 sort as text.
        if after[api]["date"] < before[api].get("date", "")
    ]
    if findings:
        raise Failure(tidy(findings))


def changed_stock(lock: JsonObject, made_from: JsonObject) -> list[Finding]:
    """A warning for each stock template that has changed since the lock was written.

    Ours were written with the one before in mind: what the new one does better, ours may have to do as well.
    """
    before = lock.get("inputs", {}).get("stock_templates", {})
    after = made_from["stock_templates"]
    version = made_from["packages"]["openapi-python-client"]
    findings = []
    for name in after:
        if name in before and before[name] != after[name]:
            what = "a template that we do not replace" if name == OTHERS else f"{name}, which we replace,"
            finding = Finding(
                "stock-template-changed",
                Severity.WARNING,
                f"openapi-python-client {version}: {what} is not the one we know",
                detail="What the change is for, our templates may need as well.",
                fix="Compare both versions of openapi-python-client, adapt templates/client, and generate.",
            )
            findings.append(finding)
    return findings


def _tree(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder that can decide what is emitted, by its path there."""
    # Sorted: the order in which a file system lists them must not change the digest.
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    relevant = (name for name in names if not _IRRELEVANT & {*name.parts})
    return {name.as_posix(): digest((folder / name).read_bytes()) for name in relevant}


def _digest_of_all(digests: Mapping[str, str]) -> str:
    return digest("".join(f"{name} {text}\n" for name, text in sorted(digests.items())).encode())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


_IGNORED_FOLDERS = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_IGNORED_SUFFIXES = frozenset({".pyc", ".pyo"})


@dataclass(frozen=True)
class WriteResult:
    """How many files a write added, changed and removed; the others were as they should be."""

    added: int
    changed: int
    removed: int


def read_lock(output: Path) -> JsonObject:
    """What was recorded when this folder was last written; empty when nothing, or nothing legible, was."""
    path = output / NAME
    if not path.is_file():
        return {}
    try:
        content: JsonObject = strict_json.parse(path.read_bytes(), file=str(path))
        lock = msgspec.convert(content, _Lock)
    except (Failure, msgspec.ValidationError):
        return {}
    return content if all(map(_is_plain, lock.files)) else {}


def _is_plain(path: str) -> bool:
    """Whether a path leads to a file in a folder of the output, or of the package, and not by a detour."""
    parts = path.split("/")
    is_inside = len(parts) > 1 and not {"", ".", ".."} & {*parts} and "\0" not in path
    return is_inside or path in DISTRIBUTION_FILES


def is_untouched(output: Path, lock: JsonObject) -> bool:
    """Whether a folder holds exactly the files that its lock records."""
    files = lock.get("files", {})
    present = set(_list_files(output, {path.split("/")[0] for path in files}))
    return (
        bool(files)
        and present == set(files)
        and all(_holds(output, path, recorded) for path, recorded in files.items())
    )


def _holds(output: Path, path: str, recorded: str) -> bool:
    """Whether a file is there and has the digest that was recorded."""
    try:
        with open(open_inside(output.absolute(), output.absolute() / path), "rb") as file:  # noqa: PTH123
            return digest(file.read()) == recorded
    except OSError:
        return False


def _present(files: Mapping[str, bytes], output: Path) -> set[str]:
    """What is there of what is emitted now, whole folders, and of what the lock says was emitted before.

    Of a folder that is not emitted any more, only files that still are what was recorded: a lock may come
    with somebody's commit, and name any folder of the user.
    """
    roots = {path.split("/")[0] for path in files}
    recorded = read_lock(output).get("files", {})
    former = {path for path in recorded if path.split("/")[0] not in roots}
    return {*_list_files(output, roots), *(path for path in former if _holds(output, path, recorded[path]))}


def find_stale_files(files: Mapping[str, bytes], output: Path) -> list[Finding]:
    """Name every file that is not as it would be emitted.

    Args:
        files: what would be emitted, by path below ``output``.
        output: the folder to compare with.

    Returns:
        An error for every changed, missing or orphaned file.
    """
    present = _present(files, output)
    findings = [_stale_finding("missing", path, output) for path in files.keys() - present]
    findings += [_stale_finding("orphaned", path, output) for path in present - files.keys()]
    findings += [
        _stale_finding("changed", path, output)
        for path in files.keys() & present
        if (output / path).read_bytes() != files[path]
    ]
    return tidy(findings)


def write(
    files: Mapping[str, bytes],
    output: Path,
    *,
    made_from: JsonObject,
    ours: bool,
    skipped: JsonObject | None = None,
) -> WriteResult:
    """Make a folder hold exactly these files.

    Everything is written beside the folder's content first; only when all of it is on the disk do files move
    into place, and stale ones go. The lock moves last: it never vouches for what is not there.

    Args:
        files: what was emitted, by path below ``output``.
        output: the folder; it is made when missing. What it has beside the emitted folders stays.
        made_from: what the lock records, see :func:`pennyform.codegen.output.inputs`.
        ours: whether the folder is known to hold nothing but emitted files. Otherwise a folder of the same
            name that was not emitted is never replaced.
        skipped: the reasons of the operations that are left out, by API and operation id.

    Raises:
        Failure: a folder that is in the way was not emitted by us, or the disk refuses.
    """
    if not ours and not read_lock(output):
        roots = sorted({path.split("/")[0] for path in files})
        names = ", ".join(f"{output / root}" for root in roots if (output / root).exists())
        if names:
            raise failure(
                "not-emitted",
                f"{names} is there already and was not emitted by pennyform",
                file=str(output),
                detail="Emitting replaces these folders as a whole.",
                fix="Give another folder with --output.",
            )
    try:
        return _replace(files, output, record(made_from, files, skipped or {}))
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise failure("cannot-write", f"cannot write {output}: {reason}", file=str(output)) from None


def _replace(files: Mapping[str, bytes], output: Path, lock: bytes) -> WriteResult:
    output = output.absolute()
    if root := repository_around(output):
        make_folders(root, output)
    output.mkdir(parents=True, exist_ok=True)
    present = _present(files, output)
    stale = sorted(present - files.keys())
    new = sorted(files.keys() - present)
    changed = sorted(path for path in files.keys() & present if (output / path).read_bytes() != files[path])
    # The lock is the last one: it never vouches for what is not there.
    contents = {path: files[path] for path in (*new, *changed)} | dict.fromkeys(stale) | {NAME: lock}
    with replaced_files({output / path: content for path, content in contents.items()}, replace_links=True):
        pass
    # The folders that the removed files leave empty, innermost first.
    folders = {folder for path in stale for folder in Path(path).parents if folder != Path()}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        caches = [child for child in (output / folder).iterdir() if child.name in _IGNORED_FOLDERS]
        if len(list((output / folder).iterdir())) == len(caches):
            shutil.rmtree(output / folder)
    return WriteResult(len(new), len(changed), len(stale))


def _list_files(output: Path, roots: set[str]) -> Iterator[str]:
    for root in sorted(roots):
        if (output / root).is_symlink():
            raise UnsafeFileError(f"{root} is a symbolic link")
        if (output / root).is_file():
            yield root
        for folder, folders, names in os.walk(output / root):
            folders[:] = sorted(name for name in folders if name not in _IGNORED_FOLDERS)
            for name in names:
                path = Path(folder, name)
                if path.suffix not in _IGNORED_SUFFIXES:
                    yield path.relative_to(output).as_posix()


def _stale_finding(problem: str, path: str, output: Path) -> Finding:
    summaries = {
        "changed": "differs from what the contract and the templates give",
        "missing": "is not there",
        "orphaned": "is not emitted any more",
    }
    detail = "What is emitted is never edited: the next generation replaces it."
    fix = "Run: pennyform generate"
    file = str(output / path)
    return Finding(
        f"generated-{problem}",
        Severity.ERROR,
        f"{path} {summaries[problem]}",
        file=file,
        detail=detail,
        fix=fix,
    )
