"""The pinned contracts are plain OpenAPI: tools that know nothing of us can read all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_spec_validator import validate
from pennyform.spec.pin.store import Store

STORE = Store.default()


@pytest.mark.parametrize("api", STORE.apis())
def test_a_validator_accepts_it(api):
    validate(STORE.pinned(api))


@pytest.mark.parametrize(("api", "operations"), [("company", 167), ("firm", 48)])
def test_a_stock_generator_reads_every_operation(api, operations):
    config = Config.from_sources(
        ConfigFile(),
        MetaType.NONE,
        document_source=Path(),
        file_encoding="utf-8",
        overwrite=False,
        output_path=None,
    )
    read = GeneratorData.from_dict(STORE.pinned(api), config=config)
    assert isinstance(read, GeneratorData)
    collections = read.endpoint_collections_by_tag.values()
    assert [problem.header for collection in collections for problem in collection.parse_errors] == []
    assert sum(len(collection.endpoints) for collection in collections) == operations
    # Three schemas at most are beyond it, of the nine that it loses of the contract as published.
    assert len(read.errors) <= 3
