"""Files of a run: where each is, and reading it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Finding, errors
from pennyform.invoices.yaml.document import Document
from pennyform.invoices.yaml.reader import read, read_bytes

MOST_BYTES_KEPT = 32 * 1024 * 1024


class Source(NamedTuple):  # sent to worker processes by the thousand: a tuple is pickled fastest
    """One file to read. ``kind`` is what its folder says it declares, "" when the folder does not say."""

    path: Path
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that has been read. ``document`` and ``content`` are None when nothing could be made of it."""

    source: Source
    document: Document | None
    content: bytes | None
    findings: list[Finding]

    @property
    def is_well_formed(self) -> bool:
        """Whether the file is YAML without an error."""
        return not errors(self.findings)


class FileReader:
    """Reads the files of one run, each once, so that all parts of a run see the same content.

    Contents are kept up to ``MOST_BYTES_KEPT`` in all, some 16,000 definitions: memory does not grow with a
    repository beyond that, and what is not kept is read again when it is needed again.
    """

    def __init__(self, *, hash_contents: bool = False) -> None:
        self.sha256: dict[Path, str] = {}
        """The SHA-256 of each file that was read, when hashes are asked for."""
        self._hash_contents = hash_contents
        self._contents: dict[Path, bytes] = {}
        self._bytes_kept = 0

    def content(self, source: Source) -> tuple[bytes | None, Finding | None]:
        """The bytes of a file, or the finding that says why there are none."""
        if source.path in self._contents:
            return self._contents[source.path], None
        content, problem = read_bytes(source.path, source.name)
        if content is None:
            return None, problem
        if self._bytes_kept + len(content) <= MOST_BYTES_KEPT:
            self._contents[source.path] = content
            self._bytes_kept += len(content)
        return content, None

    def read(self, source: Source) -> SourceFile:
        """Read and parse one file."""
        content, problem = self.content(source)
        if content is None:
            return SourceFile(source, None, None, [problem] if problem else [])
        if self._hash_contents:
            import hashlib  # loads OpenSSL, which checking alone does not need

            self.sha256[source.path] = hashlib.sha256(content).hexdigest()
        document, findings = read(content, source.name)
        return SourceFile(source, document, content, findings)
