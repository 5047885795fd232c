"""openapi-python-client reads the contract; whatever it would have dropped in silence stops the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.strings import ClassName, PythonIdentifier

from pennyform.codegen.client.code import only_code
from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.normaliser.contract import Contract

PREFIX = "field_"


class _CompiledTemplates(BytecodeCache):
    """Templates that this process has compiled before, by their text; each contract has its own project."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja before it compiles."""
        if (bucket.key, bucket.checksum) in self._known:
            bucket.bytecode_from_string(self._known[bucket.key, bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called by Jinja after it compiled."""
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED = _CompiledTemplates()


@dataclass(frozen=True)
class Parsed:
    """The contract as openapi-python-client understood it, and its template machinery over our templates."""

    project: Project
    models: dict[str, ModelProperty]
    endpoints: dict[str, Endpoint]


def parse(contract: Contract, templates: Path, package: str) -> Parsed:
    """Read the whole contract.

    Args:
        contract: a normalised contract.
        templates: the folder of the client's templates.
        package: the name of the package to emit.

    Raises:
        Failure: a warning or an error of the parser, or a schema or an operation that it left out.
    """
    config = _config(package)
    data = GeneratorData.from_dict(_for_parser(contract.document), config=config)
    if isinstance(data, GeneratorError):
        raise Failure([_finding(data)])
    problems = [*data.errors]
    endpoints: dict[str, Endpoint] = {}
    for collection in data.endpoint_collections_by_tag.values():
        problems += collection.parse_errors
        endpoints |= {endpoint.name: endpoint for endpoint in collection.endpoints}
    models = {str(model.class_info.name): model for model in data.models}
    findings = [_finding(problem) for problem in problems]
    findings += _dropped(contract, models, endpoints)
    if findings:
        raise Failure(tidy(findings))
    return Parsed(_project(data, config, templates), models, endpoints)


def _for_parser(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what the parser would copy for each operation and nobody asks it for.

    Refusals are read in any shape. Components are parsed as such, so bodies need not refer to them again.
    """
    known = {f"#/components/schemas/{name}" for name in document.get("components", {}).get("schemas", {})}
    paths = {
        path: {method: _lightened(operation, known) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _lightened(operation: Any, known: set[str]) -> Any:
    if not isinstance(operation, dict):
        return operation
    light = dict(operation)
    if "responses" in operation:
        successes = ((code, each) for code, each in operation["responses"].items() if code < "4")
        light["responses"] = {code: _without_references(each, known) for code, each in successes}
    if "requestBody" in operation:
        light["requestBody"] = _without_references(operation["requestBody"], known)
    return light


def _without_references(carrier: Any, known: set[str]) -> Any:
    content = carrier.get("content") if isinstance(carrier, dict) else None
    if not isinstance(content, dict):
        return carrier
    return {**carrier, "content": {media: _bare_media(each, known) for media, each in content.items()}}


def _bare_media(media: Any, known: set[str]) -> Any:
    schema = media.get("schema") if isinstance(media, dict) else None
    refers = isinstance(schema, dict) and schema.get("$ref") in known
    return {**media, "schema": {}} if refers else media


def class_name(component: str) -> ClassName:
    """The class that a component of the contract becomes."""
    return ClassName(component, PREFIX)


def identifier(name: str) -> PythonIdentifier:
    """A legal snake_case name for anything that the contract names."""
    return PythonIdentifier(name, PREFIX)


def _config(package: str) -> Config:
    return Config.from_sources(
        ConfigFile(package_name_override=package, literal_enums=True, post_hooks=[], field_prefix=PREFIX),
        MetaType.NONE,
        document_source=Path(),
        file_encoding="utf-8",
        overwrite=False,
        output_path=None,
    )


def _project(data: GeneratorData, config: Config, templates: Path) -> Project:
    project = Project(openapi=data, config=config, custom_template_path=templates)
    project.env.finalize = only_code
    project.env.bytecode_cache = _COMPILED
    return project


def _dropped(
    contract: Contract, models: dict[str, ModelProperty], endpoints: dict[str, Endpoint]
) -> list[Finding]:
    components: dict[str, Any] = contract.document.get("components", {}).get("schemas", {})
    lost = [
        _error("schema-dropped", f"the parser left out the schema {name}", f"/components/schemas/{name}")
        for name, schema in components.items()
        if schema.get("properties") and class_name(name) not in models
    ]
    lost += [
        _error(
            "operation-dropped", f"the parser left out {operation.operation_id}", f"/paths{operation.path}"
        )
        for operation in contract.operations
        if identifier(operation.operation_id) not in endpoints
    ]
    if len(endpoints) > len(contract.operations):
        lost.append(
            _error("operation-unnamed", "the document has operations that the contract does not name")
        )
    return lost


def _finding(problem: GeneratorError) -> Finding:
    header = " ".join(problem.header.split())
    return _error("contract-not-understood", f"{header} {' '.join((problem.detail or '').split())}".strip())


def _error(rule: str, summary: str, pointer: str = "") -> Finding:
    return Finding(
        rule,
        Severity.ERROR,
        summary,
        pointer=pointer,
        detail="A client without it would look complete and not be.",
        fix="Correct the contract's shape in its overlay, then generate again.",
    )
