"""Who uses what changed: definitions, code, and the emitted client, found by their words.

Nothing is executed and nothing is understood: a key in YAML, a name in Python. A word that is found may mean
something else; a word that is not there is not used.
"""

from pennyform.spec.diff.usage.search import search
from pennyform.spec.diff.usage.texts import Definitions, Text

__all__ = ["Definitions", "Text", "search"]
