"""Files of a pull request that Python would import by their names, and that leave a mark when it does."""

from __future__ import annotations

from pathlib import Path

NAMES = ("json", "os", "pip", "pennyform", "sitecustomize", "typing", "urllib", "usercustomize")


def plant_modules(repository: Path) -> Path:
    """Write the files; the file that is there once one of them was run."""
    marker = repository.parent / "ran"
    for name in NAMES:
        file = repository / f"{name}.py"
        file.write_text(f"open({str(marker)!r}, 'a').write(__name__)\n")
    return marker
