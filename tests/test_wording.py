"""Documents and comments use standard terms and plain sentences, so that people can read and search them.

``BANNED`` lists phrases that were replaced once, each with a better one. It cannot find every unclear
sentence, but it keeps these from coming back.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A pattern (case is ignored, any white space between words) and what to write.
BANNED = {
    r"front door": "entry point",
    r"of the house": "conventions",
    r"public face": "entry point",
    r"each door": "each source",
    r"(?:every|each|this) room|(?:our|the) rooms": "package",
    r"ground floor": "lowest layer",
    r"contract wing": "contract pipeline",
    r"an answer is no answer": "what happens",
    r"what is claimed is run": "the commands in the documentation are tested",
    r"such as it is": "a plain description",
    r"what nobody can tell": "unknown",
    r"nobody knows": "unknown, not documented",
    r"(?:a|the) referee|the player": "validator, code under test",
    r"than a wish": "usually a mistake",
    r"without a word": "without a message",
    r"in silence": "silently, without a message",
    r"held against": "compared with, validated against",
    r"comes? to light": "is found",
    r"for ever": "permanently",
    r"mended": "fixed, corrected",
    r"shown to bite": "shown to fail",
    r"all the same": "still, nevertheless",
    r"unmistakabl[ey]": "exactly",
    r"goes without saying": "is implied",
}
PATTERN = re.compile("|".join(rf"\b(?:{phrase})\b" for phrase in BANNED).replace(" ", r"\s+"), re.IGNORECASE)
PLACES = ("*.md", "*.py", "*.toml", "*.yaml", ".ci/run")


def files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *PLACES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [
        name for name in listed.stdout.splitlines() if not name.startswith(("generated/", "tests/cases/"))
    ]


def test_no_banned_phrase() -> None:
    matches = []
    for name in files():
        if ROOT / name != Path(__file__):  # the list itself
            text = (ROOT / name).read_text(encoding="utf-8")
            matches += [
                f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}" for m in PATTERN.finditer(text)
            ]
    assert matches == []
