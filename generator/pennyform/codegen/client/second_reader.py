"""openapi-python-client as a second reader of the contract.

The client is emitted from our own :class:`~pennyform.spec.normaliser.contract.Contract`. Before that,
openapi-python-client's parser reads the same document. A warning of it, or anything that it would leave
out, stops the run.
"""

from __future__ import annotations

from pathlib import Path

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError

from pennyform.codegen.client.names import COMPONENTS, FIELD_PREFIX, class_name, identifier
from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.normaliser.contract import Contract


def check_with_second_reader(contract: Contract, package: str) -> None:
    """Let openapi-python-client read the whole contract.

    Args:
        contract: a normalised contract.
        package: the name of the package to emit.

    Raises:
        Failure: a warning or an error of the parser, or a schema or an operation that it left out.
    """
    config = Config.from_sources(
        ConfigFile(
            package_name_override=package, literal_enums=True, post_hooks=[], field_prefix=FIELD_PREFIX
        ),
        MetaType.NONE,
        document_source=Path(),
        file_encoding="utf-8",
        overwrite=False,
        output_path=None,
    )
    data = GeneratorData.from_dict(_without_repetition(contract.document), config=config)
    if isinstance(data, GeneratorError):
        raise Failure([_parser_finding(data)])
    collections = data.endpoint_collections_by_tag.values()
    problems = [*data.errors, *(error for collection in collections for error in collection.parse_errors)]
    endpoints = {endpoint.name for collection in collections for endpoint in collection.endpoints}
    classes = {str(model.class_info.name) for model in data.models}
    findings = [_parser_finding(problem) for problem in problems]
    findings += [
        _finding("schema-dropped", f"the parser left out the schema {name}", f"/components/schemas/{name}")
        for name, schema in contract.schemas.items()
        if schema.get("properties") and class_name(name) not in classes
    ]
    findings += [
        _finding(
            "operation-dropped", f"the parser left out {operation.operation_id}", f"/paths{operation.path}"
        )
        for operation in contract.operations
        if identifier(operation.operation_id) not in endpoints
    ]
    if len(endpoints) > len(contract.operations):
        summary = "the document has operations that the contract does not name"
        findings.append(_finding("operation-unnamed", summary))
    if findings:
        raise Failure(tidy(findings))


def _without_repetition(document: JsonObject) -> JsonObject:
    """The document without what the parser would copy for each operation, which takes most of its time.

    Errors are read in any shape. Components are parsed as such, so bodies need not refer to them again.
    """
    references = {COMPONENTS + name for name in document.get("components", {}).get("schemas", {})}

    def without_references(carrier: Json) -> Json:
        content = carrier.get("content") if isinstance(carrier, dict) else None
        if not isinstance(content, dict):
            return carrier
        lighter = {
            media_type: {**media, "schema": {}}
            if isinstance(media, dict) and (media.get("schema") or {}).get("$ref") in references
            else media
            for media_type, media in content.items()
        }
        return {**carrier, "content": lighter}

    def lighten(operation: Json) -> Json:
        if not isinstance(operation, dict):
            return operation
        lighter = dict(operation)
        if "responses" in operation:
            lighter["responses"] = {
                status: without_references(response)
                for status, response in operation["responses"].items()
                if status < "4"
            }
        if "requestBody" in operation:
            lighter["requestBody"] = without_references(operation["requestBody"])
        return lighter

    paths = {
        path: {method: lighten(operation) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _parser_finding(problem: GeneratorError) -> Finding:
    text = " ".join(f"{problem.header} {problem.detail or ''}".split())
    return _finding("contract-not-understood", text)


def _finding(rule: str, summary: str, pointer: str = "") -> Finding:
    return Finding(
        rule,
        Severity.ERROR,
        summary,
        pointer=pointer,
        detail="A client without it would look complete and not be.",
        fix="Correct the contract's shape in its overlay, then generate again.",
    )
