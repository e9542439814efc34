from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lambdameter.build.compiled import Build, CompileError, weights


def artifact(package: str, *, fresh: bool = False, kind: str = "lib", **more: Any) -> str:
    target = {"name": package, "kind": [kind]}
    return json.dumps(
        {
            "reason": "compiler-artifact",
            "package_id": package,
            "target": target,
            "fresh": fresh,
            "executable": None,
            **more,
        }
    )


def diagnostic(level: str, message: str, file: str | None = None) -> str:
    spans = [{"file_name": file, "line_start": 7, "is_primary": True}] if file else []
    inner = {"level": level, "message": message, "spans": spans}
    return json.dumps({"reason": "compiler-message", "message": inner})


def fed(*lines: str, stream: str = "stdout") -> Build:
    build = Build()
    for line in lines:
        build.feed(stream, line + "\n")
    return build


def test_packages_built_now_and_before_are_kept_apart() -> None:
    build = fed(artifact("a"), artifact("b", fresh=True), artifact("a", kind="bin"))
    assert (build.built, build.fresh) == ({"a"}, {"b"})


def test_a_build_script_is_not_its_package_done() -> None:
    assert fed(artifact("a", kind="custom-build")).built == set()


def test_executables_of_binary_targets_are_found() -> None:
    build = fed(
        artifact("app", kind="bin", executable="/t/app"),
        artifact("probe", kind="custom-build", executable="/t/build-script"),
    )
    assert build.executables == {"app": Path("/t/app")}


def test_the_first_error_is_kept_with_its_place() -> None:
    build = fed(
        diagnostic("warning", "unused"),
        diagnostic("error", "mismatched types", "src/main.rs"),
        diagnostic("error", "aborting due to 1 previous error"),
    )
    assert build.error == CompileError(message="mismatched types", place="src/main.rs:7")


def test_lines_that_are_no_messages_are_passed_over() -> None:
    assert fed("cargo-auditable 0.6", '{"reason": "build-finished"}').error is None


def test_the_crate_in_work_is_named() -> None:
    build = fed("   Compiling serde v1.0.0", "    Finished in 3 s", stream="stderr")
    assert build.current == "serde v1.0.0"


def test_cargos_own_first_error_is_its_complaint() -> None:
    build = fed(
        "   Compiling a v1", "error: no bin target named `x`", "error: second", stream="stderr"
    )
    assert build.complaint == "no bin target named `x`"
    assert not build.lacks_host


def test_a_crate_that_cannot_be_fetched_is_the_hosts_fault() -> None:
    build = fed("error: failed to get `serde` as a dependency", stream="stderr")
    assert build.lacks_host


def test_an_error_in_the_code_is_never_the_hosts_fault() -> None:
    build = fed(diagnostic("error", "mismatched types"))
    build.feed("stderr", "note: failed to get on with it\n")
    assert not build.lacks_host


def test_weights_grow_with_the_sources_of_what_a_build_needs(tmp_path: Path) -> None:
    for name, size in (("app", 10), ("lib", 200), ("dev", 3000)):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "lib.rs").write_text("x" * size)
        (tmp_path / name / "src" / "notes.md").write_text("x" * 77)
    metadata = {
        "workspace_members": ["app"],
        "packages": [
            {
                "id": name,
                "manifest_path": str(tmp_path / name / "Cargo.toml"),
                "targets": [{"name": f"{name}-bin"}],
            }
            for name in ("app", "lib", "dev")
        ],
        "resolve": {
            "nodes": [
                {
                    "id": "app",
                    "deps": [
                        {"pkg": "lib", "dep_kinds": [{"kind": None}]},
                        {"pkg": "dev", "dep_kinds": [{"kind": "dev"}]},
                    ],
                },
                {"id": "lib", "deps": [{"pkg": "app", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "dev", "deps": []},
            ]
        },
    }
    empty = 50_000
    assert weights(json.dumps(metadata).encode(), ["app-bin"]) == {
        "app": empty + 10,
        "lib": empty + 200,
    }


def test_one_binary_needs_the_dependencies_of_its_own_package() -> None:
    metadata = {
        "workspace_members": ["one", "two"],
        "packages": [
            {"id": name, "manifest_path": f"/{name}/Cargo.toml", "targets": [{"name": name}]}
            for name in ("one", "two")
        ],
        "resolve": {"nodes": [{"id": "one", "deps": []}, {"id": "two", "deps": []}]},
    }
    assert list(weights(json.dumps(metadata).encode(), ["two"])) == ["two"]


def test_without_metadata_there_are_no_weights() -> None:
    assert weights(b"", ["one"]) == {}
