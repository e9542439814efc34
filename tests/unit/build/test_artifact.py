from __future__ import annotations

import io
import platform
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from lambdameter.build import artifact
from lambdameter.errors import BadInputError
from lambdameter.model.base import Architecture
from lambdameter.model.workload import Calls, ResponseShape, Variant, Workload

HERE: Architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
ELSEWHERE: Architecture = "x86_64" if HERE == "arm64" else "arm64"
ELF = {
    "x86_64": b"\x7fELF\x02\x01" + b"\0" * 12 + b"\x3e\x00",
    "arm64": b"\x7fELF\x02\x01" + b"\0" * 12 + b"\xb7\x00",
}
COPIED = Variant(
    name="python",
    title="Python",
    language="python",
    runtime="python3.12",
    handler="handler.handler",
    source="python",
    build="copy",
)
COMPILED = Variant(
    name="rust",
    title="Rust",
    language="rust",
    runtime="provided.al2023",
    handler="bootstrap",
    source="rust",
    build="cargo",
    binary="sums",
)
SILENT = Console(file=io.StringIO())


@pytest.fixture
def workload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workload:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "handler.py").write_text("pass\n")
    return Workload(
        name="sums",
        title="Sums",
        root=str(tmp_path),
        timeout_s=3,
        parameters={},
        calls=Calls(),
        generator="generate.py",
        cases=(),
        variants=(COPIED, COMPILED),
        response=ResponseShape(count="n", unit="sum", total="ms"),
    )


def test_a_copied_variant_is_its_source_folder(workload: Workload) -> None:
    made = artifact.make(workload, COPIED, HERE, SILENT)
    with zipfile.ZipFile(made.path) as zipped:
        assert zipped.namelist() == ["handler.py"]
    assert (made.variant, made.runtime, made.handler) == (
        "python",
        "python3.12",
        "handler.handler",
    )
    assert made.architecture == HERE
    assert made.unzipped_bytes == len("pass\n")


def test_packages_are_kept_in_the_users_cache(workload: Workload) -> None:
    made = artifact.make(workload, COPIED, HERE, SILENT)
    assert Path(made.path).parent == Path(workload.root) / "cache" / "lambdameter" / "packages"


def test_a_compiled_variant_is_one_runnable_bootstrap(workload: Workload) -> None:
    crate = Path(workload.root) / "rust"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n'
    )
    (crate / "Cargo.lock").write_text(
        'version = 4\n[[package]]\nname = "sums"\nversion = "0.1.0"\n'
    )
    (crate / "src" / "main.rs").write_text("fn main() {}\n")
    made = artifact.make(workload, COMPILED, HERE, SILENT)
    with zipfile.ZipFile(made.path) as zipped:
        (entry,) = zipped.infolist()
    assert entry.filename == "bootstrap"
    assert entry.external_attr >> 16 == 0o100755
    with pytest.raises(BadInputError, match=f"bootstrap is built for {HERE}"):
        artifact.make(workload, COMPILED, ELSEWHERE, SILENT)


def test_a_binary_for_another_machine_is_refused(workload: Workload) -> None:
    (Path(workload.root) / "python" / "fast.so").write_bytes(ELF[ELSEWHERE])
    with pytest.raises(BadInputError, match=f"fast.so is built for {ELSEWHERE}"):
        artifact.make(workload, COPIED, HERE, SILENT)


def test_a_binary_for_the_functions_machine_is_packaged(workload: Workload) -> None:
    (Path(workload.root) / "python" / "fast.so").write_bytes(ELF[ELSEWHERE])
    made = artifact.make(workload, COPIED, ELSEWHERE, SILENT)
    assert made.architecture == ELSEWHERE


def test_an_empty_source_is_refused(workload: Workload) -> None:
    (Path(workload.root) / "python" / "handler.py").unlink()
    with pytest.raises(BadInputError, match="nothing to package"):
        artifact.make(workload, COPIED, HERE, SILENT)
