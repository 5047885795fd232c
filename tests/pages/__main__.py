"""``python -m tests.pages``: the commands of each page that are carried out, and why others are not."""

from __future__ import annotations

from .page import not_carried_out, pages, parts_of

for page in pages():
    parts = parts_of(page)
    count = sum(len(part.commands()) for part in parts if part.kind == "commands" and not part.reason)
    examples = sum(part.kind == "python" and not part.reason for part in parts)
    files = sum(part.kind == "file" for part in parts)
    if count or examples:
        print(f"{page.name}: {count} commands, {examples} Python examples, {files} files")
print("\nnot carried out:")
for page, part in not_carried_out():
    print(f"  {page.name}:{part.line}: {part.reason}")
