"""Prepare the documentation site: ``python docs/site.py FOLDER`` writes what zensical builds.

Pages that follow from data are added: one for each rule, the JSON that commands print, the changelog. Links
to files outside of ``docs/`` lead to the repository, whose address is in pyproject.toml only.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
FENCE = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
# For the test that carries out the commands of pages.
DIRECTIVE = re.compile(r"^<!-- (?:not )?run: .*? -->\n", re.MULTILINE)
OUTSIDE = re.compile(r"(\]\()((?:\.\./)+)([^)#\s]+)")


def main(folder: Path) -> None:
    """Write pages and settings into ``folder``, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = {**dict(written_pages()), **dict(rule_pages())}
    pages |= {"results.md": results_page(), "changelog.md": changelog()}
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    decisions = sorted(name for name in pages if name.startswith("decisions/"))
    settings["nav"][-1]["Appendix"] += [{pages[name].splitlines()[0][2:]: name} for name in decisions]
    missing = {*pages} - {*listed(settings["nav"])} - {f"rules/{rule}.md" for rule in rules()}
    if missing:
        sys.exit(f"mkdocs.yml lists no {', '.join(sorted(missing))}")
    # Not as repo_url: then each reader's browser asks GitHub how many stars there are.
    icon = "fontawesome/brands/github"
    settings["extra"] = {"social": [{"icon": icon, "link": URLS["Homepage"], "name": "Source and issues"}]}
    (mkdocstrings,) = (plugin for plugin in settings["plugins"] if isinstance(plugin, dict))
    python = mkdocstrings["mkdocstrings"]["handlers"]["python"]
    python["paths"] = [str(ROOT / path) for path in python["paths"]]
    python["options"]["extensions"] = [str(ROOT / path) for path in python["options"]["extensions"]]
    for name, text in {**pages, "llms.txt": llms(settings)}.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(DOCS / "site.css", folder / "docs")
    shutil.copytree(DOCS / "pictures", folder / "docs" / "pictures")
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def listed(entries: list[Any]) -> Iterator[str]:
    """The pages that the navigation names."""
    for entry in entries:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from listed(value)


def written_pages() -> Iterator[tuple[str, str]]:
    """Name and text of each page below ``docs/``."""
    for path in sorted(DOCS.rglob("*.md")):
        name = path.relative_to(DOCS).as_posix()
        # A block says which file it is; Markdown's title is what the site shows that by.
        text = DIRECTIVE.sub("", path.read_text(encoding="utf-8"))
        text = FENCE.sub(r'```\1 title="\2"', text)
        yield name, repository_links(text, name.count("/"))


def repository_links(text: str, depth: int) -> str:
    """``text`` of a page so many folders below ``docs/``, whose links out of it lead to the repository."""

    def link(match: re.Match[str]) -> str:
        start, up, rest = match.groups()
        return f"{start}{URLS['Homepage']}/blob/main/{rest}" if up.count("../") > depth else match[0]

    return OUTSIDE.sub(link, text)


def rules() -> dict[str, dict[str, Any]]:
    """All rules, by name."""
    return dict(yaml.safe_load((ROOT / "templates" / "rules.yaml").read_text(encoding="utf-8")))


def rule_pages() -> list[tuple[str, str]]:
    """Name and text of the page of each rule."""
    pages = []
    rows = []
    for name, rule in rules().items():
        example = str(rule["example"]).strip()
        text = f"# `{name}`\n\n{rule['summary']}\n\n**Why.** {rule['why']}\n\n"
        text += f"**Example**\n\n```yaml\n{example}\n```\n\n**What to do.** {rule['fix']}\n\n"
        text += "[All rules](all.md)\n"
        pages.append((f"rules/{name}.md", text))
        rows.append(f"| [`{name}`]({name}.md) | {rule['summary'].replace('|', '&#124;')} |")
    head = ["# All rules", "", "[Rules](../rules.md) explains how they are reported.", ""]
    table = ["| rule | what is wrong |", "|---|---|", *rows, ""]
    return [("rules/all.md", "\n".join([*head, *table])), *pages]


def results_page() -> str:
    """What commands print with ``--format json``: the members of each document."""
    introduction = (
        "Each document that a command prints with `--format json` has a JSON Schema (2020-12) in "
        "`generated/schemas/results/`, made from the types that are printed. Amounts are text."
    )
    parts = ["# JSON of commands", "", introduction]
    for path in sorted((ROOT / "generated" / "schemas" / "results").glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        parts += ["", f"## `{path.name.removesuffix('.schema.json')}`", ""]
        definitions = schema.get("$defs", {})
        top = schema
        if "$ref" in schema:
            top = definitions[schema["$ref"].rpartition("/")[2]]
        if top.get("description"):
            parts += [top["description"].split("\n\n")[0].replace("\n", " "), ""]
        parts += ["| member | type | always |", "|---|---|---|"]
        required = set(top.get("required", ()))
        for name, value in top.get("properties", {}).items():
            parts.append(f"| `{name}` | {kind(value)} | {'yes' if name in required else 'no'} |")
    return "\n".join(parts) + "\n"


def kind(value: dict[str, Any]) -> str:
    """A type as words."""
    if "$ref" in value:
        return f"`{value['$ref'].rpartition('/')[2]}`"
    if "anyOf" in value:
        return " or ".join(map(kind, value["anyOf"]))
    if "enum" in value or "const" in value:
        return ", ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        return f"list of {kind(value.get('items', {}))}"
    if value.get("type") == "object" and isinstance(value.get("additionalProperties"), dict):
        return f"mapping to {kind(value['additionalProperties'])}"
    return str(value.get("type", "any"))


def llms(settings: dict[str, Any]) -> str:
    """What a language model is told about the site (https://llmstxt.org): each page, and what it is about.

    Pages are named as Markdown in the repository, which is shorter than what a browser shows.
    """
    lines = [f"# {settings['site_name']}", "", f"> {settings['site_description']}", ""]
    lines += ["Agents get tools from `pennyform mcp`: read agents.md first.", ""]
    for section in settings["nav"]:
        for title, entries in section.items():
            names = [entries] if isinstance(entries, str) else [*listed(entries)]
            written = [name for name in names if (DOCS / name).is_file()]
            # What a reader in a hurry leaves out has this name in the convention.
            lines += [f"## {'Optional' if title == 'Appendix' else title}", ""] if written else []
            lines += [f"- {llms_entry(name)}" for name in written]
            lines += [""] if written else []
    return "\n".join(lines)


def llms_entry(name: str) -> str:
    """A link to a page, with its title and its first sentence."""
    title, *paragraphs = (DOCS / name).read_text(encoding="utf-8").split("\n\n")
    prose = next(text for text in paragraphs if re.match(r"(?!```)[A-Z`\[*]", text))
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(prose.split()))
    sentence = re.split(r"(?<=\.) (?=[A-Z`])", plain)[0].rstrip(":")
    return f"[{title.removeprefix('# ').strip()}]({URLS['Homepage']}/raw/main/docs/{name}): {sentence}"


def changelog() -> str:
    """The changelog, whose links are relative to the repository."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    text = re.sub(r"\]\(docs/", "](", text)
    return re.sub(r"\]\((?!https?://|#)([A-Z]+\.md)", rf"]({URLS['Homepage']}/blob/main/\1", text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
