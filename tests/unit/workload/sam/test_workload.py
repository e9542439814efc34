from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdameter.errors import BadInputError
from lambdameter.workload.sam.template import SamFunction
from lambdameter.workload.sam.workload import slug, workload

PYTHON = SamFunction(
    logical_id="PythonFunction",
    code_uri="python",
    handler="app.handler",
    runtime="python3.12",
    place="template.yaml:9",
    environment={"A": "1"},
)
RUST = SamFunction(
    logical_id="RustFunction",
    code_uri="rust",
    handler="bootstrap",
    runtime="provided.al2023",
    place="template.yaml:20",
    memory_mb=512,
    timeout_s=9,
)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    for name in ("python", "rust"):
        (tmp_path / name).mkdir()
    (tmp_path / "rust" / "Cargo.toml").write_text('[package]\nname = "orders"\n')
    return tmp_path / "template.yaml"


def test_functions_become_variants_and_events_cases(template: Path) -> None:
    made = workload(template, [PYTHON, RUST], {"events/Small Order.json": {"n": 1}})
    python, rust = made.variants
    assert (python.name, python.title, python.build) == (
        "python-function",
        "PythonFunction",
        "copy",
    )
    assert (rust.name, rust.build, rust.binary) == ("rust-function", "cargo", "orders")
    assert (python.language, rust.language) == ("python", "rust")
    assert python.environment == {"A": "1"}
    assert [(one.name, one.event) for one in made.cases] == [("small-order", {"n": 1})]
    assert (made.memory_mb, made.timeout_s) == ((128, 512), 9)


def test_the_workload_is_named_shortly_for_the_templates_folder(tmp_path: Path) -> None:
    folder = tmp_path / "My Very-Long Order service 2"
    (folder / "python").mkdir(parents=True)
    assert workload(folder / "template.yaml", [PYTHON], {}).name == "my-very-long-ord"


def test_a_bootstrap_that_is_there_is_packaged_as_it_is(template: Path) -> None:
    (template.parent / "rust" / "bootstrap").write_text("")
    rust = workload(template, [RUST], {}).variants[0]
    assert (rust.build, rust.binary) == ("copy", None)


@pytest.mark.parametrize(
    ("manifest", "binary", "named"),
    [
        ('[package]\nname = "x"\n[[bin]]\nname = "y"', None, "y"),
        ('[package]\nname = "x"\n[[bin]]\nname = "y"\n[[bin]]\nname = "z"', "z", "z"),
    ],
)
def test_the_binary_is_the_crates_own_or_the_templates(
    template: Path, manifest: str, binary: str | None, named: str
) -> None:
    (template.parent / "rust" / "Cargo.toml").write_text(manifest)
    function = msgspec.structs.replace(RUST, binary=binary)
    assert workload(template, [function], {}).variants[0].binary == named


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ('[[bin]]\nname = "y"\n[[bin]]\nname = "z"', "has 2 binaries"),
        ("[workspace]", "names no binary"),
        ("no toml", "names no binary"),
    ],
)
def test_a_crate_whose_binary_is_open_is_refused(template: Path, manifest: str, says: str) -> None:
    (template.parent / "rust" / "Cargo.toml").write_text(manifest)
    with pytest.raises(BadInputError, match=says):
        workload(template, [RUST], {})


@pytest.mark.parametrize("code_uri", ["nowhere", "s3://bucket/key", "rust/Cargo.toml"])
def test_code_that_is_in_no_folder_is_refused(template: Path, code_uri: str) -> None:
    with pytest.raises(BadInputError, match="is not a folder") as refused:
        workload(template, [msgspec.structs.replace(RUST, code_uri=code_uri)], {})
    assert refused.value.place == "template.yaml:20"


def test_code_that_nobody_knows_how_to_build_is_refused(template: Path) -> None:
    (template.parent / "rust" / "Cargo.toml").unlink()
    with pytest.raises(BadInputError, match="neither a bootstrap nor a Cargo") as refused:
        workload(template, [RUST], {})
    assert "sam build" in refused.value.next_step


def test_names_that_become_one_are_refused(template: Path) -> None:
    other = msgspec.structs.replace(PYTHON, logical_id="PYTHONFunction")
    with pytest.raises(BadInputError, match="would have the same name python-function"):
        workload(template, [PYTHON, other], {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PythonFunction", "python-function"),
        ("HTMLPage2", "html-page-2"),
        ("api_v2 order", "api-v-2-order"),
        ("order", "order"),
        ("été", "t"),
    ],
)
def test_a_name_becomes_one_that_a_workload_may_have(name: str, expected: str) -> None:
    assert slug(name) == expected
