from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema
import msgspec
import pytest

from lambdameter.audit import rules, table
from lambdameter.claims import library
from lambdameter.cost import price_list
from lambdameter.model.audit import Audit
from lambdameter.report import audit_document

SERVICES = ("dynamodb.WriteRequestUnit", "s3.GetObject")
DOCS = Path(__file__).parents[3] / "docs" / "audit.md"


@pytest.fixture
def audit() -> Audit:
    return rules.audit(table.read(library.tables()["C1"], "C1.csv", SERVICES), price_list.latest())


def test_the_shipped_schema_is_the_records() -> None:
    shipped = resources.files("lambdameter.report") / "audit-schema-1.json"
    remake = "print(audit_document.schema(), end='') of lambdameter.report makes it anew"
    assert shipped.read_text() == audit_document.schema(), remake


def test_the_document_is_of_its_schema_and_reads_back(audit: Audit) -> None:
    text = audit_document.encode(audit)
    jsonschema.validate(json.loads(text), json.loads(audit_document.schema()))
    read = msgspec.json.decode(text, type=audit_document.Document)
    assert read == audit_document.document(audit)


def test_every_severity_is_counted(audit: Audit) -> None:
    counts = audit_document.document(audit).counts
    assert sum(counts.values()) == len(audit.findings)
    assert counts["inconsistent"] == 0


def test_every_key_is_documented(audit: Audit) -> None:
    document = json.loads(audit_document.encode(audit))
    keys = {*document, *document["findings"][0]}
    page = DOCS.read_text()
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
