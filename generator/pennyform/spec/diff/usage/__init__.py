"""Who uses what changed: definitions, code, and the emitted client, found by their words.

Nothing is executed and nothing is understood: a key in YAML, a name in Python. A word that is found may mean
something else; a word that is not there is not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pennyform.results.contract_diff import ChangeUse, ChangeUses
from pennyform.spec.diff.comparison.kinds import Severity
from pennyform.spec.diff.report.changes import Change
from pennyform.spec.diff.usage.search_terms import Definitions, Text, UnreadableError, search_terms

__all__ = ["Definitions", "Text", "search"]


def search(changes: Sequence[Change], texts: Iterable[Text], definitions: Definitions) -> ChangeUses:
    """Find the words of changes in files.

    Args:
        changes: what changed.
        texts: YAML (``.yaml``, ``.yml``) and Python (``.py``, ``.pyi``); every other name is skipped.
        definitions: what YAML means here.

    Returns:
        The uses, sorted. ``everywhere`` are changes that need no search: they concern every call, whoever
        makes it.
    """
    terms = [term for change in changes for term in search_terms(change)]
    uses: set[ChangeUse] = set()
    unread: dict[str, str] = {}
    files = 0
    for text in texts:
        try:
            # Each of them brings a parser: loaded for the files there are.
            if text.file.endswith((".yaml", ".yml")):
                from pennyform.spec.diff.usage.in_yaml import uses_in_yaml

                files += 1
                uses.update(uses_in_yaml(text, terms, definitions))
            elif text.file.endswith((".py", ".pyi")):
                from pennyform.spec.diff.usage.in_python import uses_in_python

                files += 1
                uses.update(uses_in_python(text, terms))
        except UnreadableError as error:
            unread[text.file] = str(error)
    everywhere = [
        change.fingerprint
        for change in changes
        if not change.operations and change.severity is not Severity.ADDITIVE
    ]
    return ChangeUses(files, unread, tuple(everywhere), tuple(sorted(uses, key=msgspec.structs.astuple)))
