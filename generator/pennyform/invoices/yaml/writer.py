"""Plain data → the YAML of a definition, which reads back as the same data."""

from __future__ import annotations

import re
from decimal import Decimal

import yaml

from pennyform.invoices.yaml.document import YamlMapping

# What every reader of YAML takes for text; anything else is quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TAG = "tag:yaml.org,2002:"


def definition_text(value: YamlMapping, *, schema: str) -> str:
    """The text of a definition file.

    Args:
        value: mappings, lists, text, integers, decimals and booleans; money as text.
        schema: where editors find its schema, relative to the file.
    """
    body = yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=1 << 30)
    return f"# yaml-language-server: $schema={schema}\n{body}"


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, nothing is an alias, and text is plain only where it is a word."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True

    def write_double_quoted(self, text: str, split: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """PyYAML would escape emoji, and leave characters as they are that nobody sees."""
        escaped = ""
        for character in text:
            if character in _ESCAPES or not character.isprintable():
                code = ord(character)
                escaped += _ESCAPES.get(character, f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
            else:
                escaped += character
        self.write_indicator(f'"{escaped}"', need_whitespace=True)

    def text(self, text: str) -> yaml.ScalarNode:
        if _DATE.fullmatch(text):
            return self.represent_scalar(f"{_TAG}timestamp", text)
        is_plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
        return self.represent_scalar(f"{_TAG}str", text, style=None if is_plain else '"')

    def decimal(self, value: Decimal) -> yaml.ScalarNode:
        text = f"{value:f}"
        return self.represent_scalar(f"{_TAG}{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_representer(Decimal, _Dumper.decimal)
