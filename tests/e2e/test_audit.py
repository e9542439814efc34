"""`lambdameter audit` as a user starts it: what is shipped, and what a stranger wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

from lambdameter.report import audit_document

LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"
SCHEMA = Path(audit_document.__file__).with_name("audit-schema-1.json")


def audit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LAMBDAMETER, "audit", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_k_is_shipped_and_its_document_is_of_the_schema(tmp_path: Path) -> None:
    told = audit(tmp_path, "K", "--json")
    document = json.loads(told.stdout)
    assert (told.returncode, told.stderr) == (1, "")
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["counts"]["cannot be so"] == 2


def test_a_strangers_table_with_one_call_each_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "post.csv").write_text("metric,value,variant,n\ntotal,9,Go,1\ntotal,20,Node,1\n")
    told = audit(tmp_path, "post.csv")
    assert (told.returncode, told.stderr) == (5, "")
    assert told.stdout.startswith("1 finding: 1 has too few samples.\n")
