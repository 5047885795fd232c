"""The last check of what is emitted: it parses, and nothing in it can do more than the templates mean."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.document.json_types import Json, child
from pennyform.text import is_hidden

# Modules written from the contract. Everything else is the same for every contract, but for resource names.
_FROM_CONTRACT = ("/models/", "/resources/", "/filters.py", "/params.py")
_ALLOWED_NODES = {
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef,
    ast.arguments, ast.arg, ast.keyword, ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.If, ast.Await,
    ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Dict, ast.Tuple, ast.List,
    ast.BinOp, ast.BitOr, ast.Load, ast.Store,
}  # fmt: skip
_ALLOWED_CALLS = {
    "Operation",
    "async_raw_method",
    "body_of",
    "field",
    "lazily",
    "left_out",
    "raw_method",
    "variants",
    "self._core.call",
    "self._core.numbered_page",
    "self._core.page",
    "t.TypedDict",
}


def reject_hidden_characters(document: Json) -> None:
    """Reject control, bidi and other invisible characters anywhere in a document.

    Raises:
        Failure: with every place of one.
    """
    text = json.dumps(document, ensure_ascii=False)
    # Most have none: only line feeds and tabs are escaped then.
    if text.isprintable() and not re.search(r"\\[bfru]", text):
        return
    findings = [
        Finding(
            "hidden-character",
            Severity.ERROR,
            f"a text in the contract has the invisible character U+{ord(character):04X}",
            pointer=pointer,
            detail="Emitted code would not be what it looks like to a reader.",
            fix="Remove the character in the overlay, and ask where it came from.",
        )
        for pointer, character in _hidden_characters(document, "")
    ]
    if findings:
        raise Failure(tidy(findings))


def _hidden_characters(value: Json, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _hidden_characters(str(key), pointer)
            yield from _hidden_characters(member, child(pointer, str(key)))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _hidden_characters(member, child(pointer, index))
    elif isinstance(value, str) and not value.isprintable():
        for character in value:
            if character not in "\n\t" and is_hidden(character):
                yield pointer, character


def check(files: Mapping[str, str], without_prose: Mapping[str, str]) -> None:
    """Parse every module; allow only what the templates are made of, and prose in docstrings only.

    Args:
        files: text by path.
        without_prose: the same, emitted from the contract without any of its descriptions.

    Raises:
        Failure: a module does not hold to that; the fault is in a template or in what it is given.
    """
    findings = [
        Finding(
            "emitted-code-unsafe",
            Severity.ERROR,
            f"the emitted module {problem}",
            file=path,
            line=line,
            column=1,
            detail="A template let contract text through where code belongs.",
            fix="Print contract text as a name, a literal or a docstring, never as it is.",
        )
        for path, text in files.items()
        if path.endswith(".py")
        for line, problem in _problems(path, text, without_prose.get(path, ""))
    ]
    if findings:
        raise Failure(tidy(findings))


@lru_cache(maxsize=256)
def parsed(text: str) -> ast.Module:
    """The tree of a module, which nobody changes; every check looks at the same one."""
    return ast.parse(text)


def _problems(path: str, text: str, without_prose: str) -> Iterator[tuple[int, str]]:
    from_contract = any(part in path for part in _FROM_CONTRACT)
    if not from_contract and text == without_prose:
        return  # Our own code, for which there are tools of their own; whether it runs is proved later.
    try:
        # What only the compiler finds is found when the modules are imported.
        tree = parsed(text)
        if text != without_prose and _code_lines(text, tree) != _code_lines(
            without_prose, ast.parse(without_prose)
        ):
            yield 0, "changes with the contract's prose"
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        yield getattr(problem, "lineno", 0) or 0, f"does not parse: {problem}"
        return
    if from_contract:
        nodes = _all_nodes(tree)
        yield from _names_bound_twice(nodes)
        for node in nodes:
            if type(node) not in _ALLOWED_NODES:
                yield getattr(node, "lineno", 0), f"holds a {type(node).__name__}"
            elif isinstance(node, ast.Call) and not _is_allowed(node.func):
                yield node.lineno, f"calls {ast.unparse(node.func)}"


def _all_nodes(tree: ast.AST) -> list[ast.AST]:
    """What ``ast.walk`` gives, in half of its time."""
    nodes = [tree]
    for node in nodes:  # Grows as it is gone through.
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif type(value) is list:
                nodes += [member for member in value if isinstance(member, ast.AST)]
    return nodes


def _is_allowed(function: ast.expr) -> bool:
    name = function.id if isinstance(function, ast.Name) else ast.unparse(function)
    return name in _ALLOWED_CALLS


def all_statements(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a module, also those within classes, functions and conditions."""
    statements = [*tree.body]
    for statement in statements:  # Grows as it is gone through.
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            statements += statement.body
        elif isinstance(statement, ast.If):
            statements += statement.body + statement.orelse
    return statements


def _names_bound_twice(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Names of which one would take the place of another: Python reads all of them in their NFKC form."""
    scopes = [node for node in nodes if isinstance(node, ast.Module | ast.ClassDef)]
    for scope in scopes:
        bound: set[str] = set()
        for line, name in _bound_names(scope.body):
            if name in bound:
                yield line, f"binds {name!r} twice"
            bound.add(name)
        if isinstance(scope, ast.ClassDef):
            # What a class body reads must not be one of its own names.
            used = {
                node.id
                for statement in scope.body
                if isinstance(statement, ast.Assign | ast.AnnAssign)
                for node in _all_nodes(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
            for name in sorted(used & bound):
                yield scope.lineno, f"hides {name!r}, which {scope.name} uses"
    for function in nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            names = [argument.arg for argument in arguments]
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield function.lineno, f"has two arguments {name!r}"


def _bound_names(statements: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """The names that some statements bind, with their lines; of two branches the first counts."""
    for statement in statements:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # What is overloaded is bound again by what it stands for.
            decorators = {node.id for node in statement.decorator_list if isinstance(node, ast.Name)}
            if "overload" not in decorators:
                yield statement.lineno, statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names if statement.names[0].name != "*" else ():
                yield statement.lineno, alias.asname or alias.name
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield statement.lineno, target.id
        elif isinstance(statement, ast.If):
            yield from _bound_names(statement.body)


def _code_lines(text: str, tree: ast.Module) -> list[str]:
    """The lines of a module without those of its docstrings."""
    lines: list[str | None] = [*text.split("\n")]
    # Whatever stands in other statements counts as code.
    for node in all_statements(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or 0) - node.lineno + 1)
    return [line for line in lines if line is not None]
