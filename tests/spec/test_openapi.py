"""OpenAPI's objects as records: what they hold, and where references lead."""

from __future__ import annotations

import pytest
from pennyform.findings import Failure
from pennyform.spec import normalise
from pennyform.spec.document.openapi import Document, ResponseObject
from pennyform.spec.normaliser.identifiers import resource_and_method

REFERENCE = "#/components/responses/"


def document(**responses):
    operation = {"operationId": "getThing", "responses": {"200": {"$ref": f"{REFERENCE}A"}}}
    return {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "paths": {"/v1/thing": {"get": operation}},
        "components": {"responses": responses},
    }


def success(json):
    read = Document.read(json)
    (operation,) = (operation for _, operation in read.paths["/v1/thing"].operations())
    return read.resolve(operation.responses["200"], "/paths")


def test_a_chain_of_references_is_followed_to_its_end():
    json = document(
        A={"$ref": f"{REFERENCE}B"}, B={"content": {"application/json": {"schema": {"type": "string"}}}}
    )
    response = success(json)
    assert isinstance(response, ResponseObject)
    assert response.content["application/json"].schema == {"type": "string"}
    assert normalise(json).operations[0].answer == {"type": "string"}


@pytest.mark.parametrize(
    ("responses", "problem"),
    [
        ({"A": {"$ref": f"{REFERENCE}A"}}, f"the reference '{REFERENCE}A' leads on and on"),
        ({"A": {"content": []}}, f"the reference '{REFERENCE}A' leads to something else"),
        ({}, f"the reference '{REFERENCE}A' points to nothing"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_finding(responses, problem):
    with pytest.raises(Failure) as caught:
        success(document(**responses))
    (finding,) = caught.value.findings
    assert (finding.rule, finding.summary.startswith(problem)) == ("reference", True)
    assert finding.fix


def test_an_overlay_that_breaks_a_path_is_a_finding():
    overlay = {"overlay": "1.0.0", "actions": [{"target": "$.paths.*.get", "update": {"deprecated": "soon"}}]}
    with pytest.raises(Failure) as caught:
        normalise(document(A={"description": ""}), [overlay])
    (finding,) = caught.value.findings
    assert finding.rule == "not-a-contract"
    assert "deprecated" in finding.summary


@pytest.mark.parametrize("method", ["options", "head", "trace"])
def test_an_operation_of_any_method_has_a_name(method):
    operation = {"operationId": "x", "responses": {}}
    item = Document.read({"paths": {"/v1/things/{id}": {method: operation}}}).paths["/v1/things/{id}"]
    ((name, read),) = item.operations()
    assert resource_and_method("/v1/things/{id}", name, read, page=False, bare_array=False) == (
        "things", method
    )  # fmt: skip
