"""Text that did not come from us: made safe for where it is shown or written, and compared as people see it.

Definitions, contracts, the account, file names and requests to the sandbox may hold any character. Each
function is for one kind of place and says what it guards against there. A reference that is told from another
one only by the kind of its hyphen would be a second invoice to every program, and the same invoice to
everybody who reads it: what looks alike counts as the same.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U000e0100-\U000e01ef"
)
"""Printable to Unicode and still nothing to see: fillers, joiners, variation selectors. As a pattern."""

# Patterns are text where few commands need them: `re` compiles them when they are first used.
_FILLER = re.compile(f"[{FILLERS}]")
_BREAKS = r"[\t\r\n]+"
# All white space but a space and the narrow no-break space of amounts.
_OTHER_SPACES = r"[^\S \u202f]+"
# Control, format (bidirectional overrides, zero-width), private, unassigned, surrogates, line separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
# What XML 1.0 cannot hold, not even as a character reference.
_NOT_IN_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_UNSAFE_IN_FILE_NAMES = r"[^A-Za-z0-9._-]"
# What a CI system takes out of a job's log and obeys: GitHub (also its old form), Azure Pipelines, TeamCity,
# GitLab's sections, Travis. Those with `##` count anywhere in a line, `::` behind white space too.
_COMMAND = (
    r"(?m)(^[^\S\n]*:)(?=:)|(#)(?=#(?:\[|vso\[|teamcity\[))"
    r"|((?:section_(?:start|end)|travis_(?:fold|time)):)(?=\w)"
)
_MOST_REMEMBERED = 4096


def is_hidden(character: str) -> bool:
    """Whether ``character`` shows as nothing, or changes how its neighbours show: spaces do not."""
    if character.isprintable():
        return bool(_FILLER.match(character))
    return unicodedata.category(character) in _HIDDEN_CATEGORIES


def has_hidden(text: str) -> bool:
    """Whether any character of ``text`` is hidden: it shows as something else than it is."""
    # Nearly everything is ASCII and printable.
    return not (text.isascii() and text.isprintable()) and any(map(is_hidden, text))


class _Visible(dict[int, str]):
    """For ``str.translate``: hidden characters become visible ones, a surrogate its escape."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            # A byte of a file name that is not UTF-8: with its escape, the file can be found.
            character = f"\\u{code:04x}"
        elif is_hidden(character):
            character = REPLACEMENT
        if len(self) < _MOST_REMEMBERED:
            self[code] = character
        return character


_VISIBLE = _Visible()
# The same for whole lines and documents, whose tabs and line feeds stay.
_VISIBLE_LINES = _Visible({ord(character): character for character in "\t\n"})


def has_filler(text: str) -> bool:
    """Whether any character of ``text`` is a letter or a sign that nobody sees."""
    return not text.isascii() and _FILLER.search(text) is not None


def one_line(text: str) -> str:
    """For a value in a line that pennyform lays out: runs of white space become one space.

    Guards a terminal against control sequences, and a reader against text that hides or is written backwards
    (bidirectional overrides) and against values that look like lines of their own.
    """
    line = " ".join(text.split())
    return line if line.isascii() and line.isprintable() else line.translate(_VISIBLE)


def visible_line(text: str) -> str:
    """For a sentence, a whole line, or a line of a log: like :func:`one_line`, but its spaces stay.

    A line of its own in the log of a CI job could be taken for a command.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_BREAKS, " ", text).translate(_VISIBLE)


def log_lines(text: str) -> str:
    """For whole lines on a terminal or in a log, laid out by pennyform: the last gate of the output streams.

    Nothing in them hides or controls a terminal, and no line is a command to a CI system that reads the log.
    """
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = text.translate(_VISIBLE_LINES)
    return without_commands(text, " ")


def without_commands(text: str, separator: str) -> str:
    """``text`` with ``separator`` within whatever a CI system would take for a command."""
    if "::" in text or "##" in text or "_" in text:
        return re.sub(_COMMAND, lambda match: f"{match[1] or match[2] or match[3]}{separator}", text)
    return text


def source_line(line: str) -> str:
    """For a line of a file above a caret: each hidden character is replaced by one, so that columns hold."""
    return "".join(
        REPLACEMENT if is_hidden(character) and character != "\t" else character for character in line
    )


def html_text(text: str) -> str:
    """For a value in a page: without characters that hide, reverse or break what stands around them.

    Markup is for the template to escape. A narrow no-break space stays: amounts have it.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_OTHER_SPACES, " ", text).translate(_VISIBLE)


def html_document(document: str) -> str:
    """For a whole page or XML document: nothing in it hides, and nothing is a command to a CI system."""

    def reference(match: re.Match[str]) -> str:
        text = match.group()
        return f"{text[:-1]}&#{ord(text[-1])};"

    return re.sub(_COMMAND, reference, document.translate(_VISIBLE_LINES))


def json_document(document: str) -> str:
    """For a JSON document whose other characters are written as they are: its value stays the same.

    What is hidden is an escape, and nothing is a command to a CI system that reads the log.
    """
    if not (document.isascii() and document.replace("\n", "").isprintable()):
        document = "".join(map(_json_character, document))
    return re.sub(_COMMAND, lambda match: f"{match.group()[:-1]}\\u{ord(match.group()[-1]):04x}", document)


def _json_character(character: str) -> str:
    if character in "\t\n" or not is_hidden(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))


# A word that no Markdown renderer makes anything of: letters and digits, amounts, and what closes a sentence.
_PLAIN_WORD = (
    r"\(?(?:[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d{4}-\d\d-\d\d"
    r"|[+\N{MINUS SIGN}-]?\d[\d,]*(?:\.\d+)?)\)?[,;:.?]?"
    r"|[%€→…,;:.?)\u00b1\u2013\u2014\u00d7]"
)
# A number of a list at the beginning of a line, and the digits of a commit.
_REFERENCE = r"\d+[.)]|[0-9a-fA-F]{7,}"
# What ends a clause is a word of its own: it stands behind a piece of code, not in it.
_WORDS = r"\d+\.(?= |$)|[^ `]+?(?<=[\w)])(?=[,;:.?](?: |$))|[^ `]+| "


def markdown_text(text: str) -> str:
    """For text in Markdown, in a table or not: words that could be anything but words are code.

    Code is the one place where no renderer makes links, mentions, references, images or markup, whatever the
    characters are. What stands between backticks is one piece of it.
    """
    line = without_commands(one_line(text), " ")
    # What is between backticks is one word, unless one of them is alone.
    words = re.findall(f"`[^`]+`|{_WORDS}" if line.count("`") % 2 == 0 else "[^ ]+| ", line)
    pieces, code, space = list[str](), "", ""
    for word in words:
        if word == " ":
            space = word
            continue
        if re.fullmatch(_PLAIN_WORD, word) and not re.fullmatch(_REFERENCE, word):
            pieces += [markdown_code(code), space, word]
            code = ""
        elif code:
            code += space + word.strip("`")
        else:
            pieces.append(space)
            code = word.strip("`") or word
        space = ""
    return "".join([*pieces, markdown_code(code)])


def markdown_code(text: str) -> str:
    """For a value in Markdown, as code with its backticks. No pipe in it ends the cell of a table."""
    text = without_commands(one_line(text), " ")
    if not text:
        return ""
    # A pipe behind a backslash would end the cell: the backslash is the one that is escaped.
    text = text.replace("\\|", "\\ |").replace("|", "\\|")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest and (text[0] == "`" or text[-1] == "`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def csv_cell(text: str) -> str:
    """For a cell of a file that spreadsheets open: no formula, not behind spaces or in full width either."""
    text = one_line(text)
    if unicodedata.normalize("NFKC", text).lstrip(" '\"")[:1] in tuple("=+-@|\N{MINUS SIGN}"):
        return f"'{text}"
    return text


def xml_text(text: str, instead: str = REPLACEMENT) -> str:
    """For XML: without the characters that no document may hold. Markup is for the writer to escape."""
    return re.sub(_NOT_IN_XML, instead, text)


def file_name(text: str) -> str:
    """For a file name: no folder, no hidden file, no character that a shell or a system reads otherwise."""
    return re.sub(_UNSAFE_IN_FILE_NAMES, "_", text).lstrip(".")


def encodable(text: str, encoding: str) -> str:
    """For a stream: what ``encoding`` cannot say is written as an escape, so that printing never fails."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


# Characters besides those of the category Pd (dashes) that look like a hyphen, an apostrophe or a quote.
_HYPHENS = "\u02d7\u2043\u2212"
_APOSTROPHES = "`\u00b4\u02b9\u02bb\u02bc\u02c8\u2018\u2019\u201b\u2032"
_QUOTES = "\u201c\u201d\u201f\u2033\u00ab\u00bb"
_SAME = str.maketrans(
    {**dict.fromkeys(_HYPHENS, "-"), **dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_QUOTES, '"')}
)


def fold(text: str) -> str:
    """``text`` without what cannot be seen of it: two texts that look alike fold to the same one.

    Accents composed or not, hyphens, spaces, apostrophes, full-width and other forms of the same letter, and
    capitals make no difference.
    """
    if not text.isascii():
        # Before compatibility forms are resolved: NFKC makes a space and an accent of a free-standing one.
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text).translate(_SAME))
        text = "".join("-" if unicodedata.category(character) == "Pd" else character for character in text)
        # Capitals without an accent of their own fold to several characters, which may compose again.
        text = unicodedata.normalize("NFKC", text.casefold()).casefold()
    return " ".join(text.translate(_SAME).casefold().split())


def difference(text: str, other: str) -> str:
    """What tells ``text`` from ``other``, which folds to the same, in a few words."""
    composed, other_composed = (unicodedata.normalize("NFC", string) for string in (text, other))
    if composed == other_composed:
        return "their accents are composed differently"
    if composed.casefold() == other_composed.casefold():
        return "they differ in capitals"
    pairs = zip(composed, other_composed, strict=False)
    unlike = next(((a, b) for a, b in pairs if a.casefold() != b.casefold()), None)
    if unlike is None:
        return "they differ in length"
    first, second = (f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip() for letter in unlike)
    return f"one has {first} where the other has {second}"
