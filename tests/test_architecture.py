"""The rules of ARCHITECTURE.md, held: who may import whom, what is pure, how large things get."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lambdameter"
FUNCTION_LINES = 50
MODULE_LINES = 400

# What every stage may import.
SHARED = {"model", "units", "errors"}
# What a stage may import besides, and why.
ALSO = {
    "target": {"report_line"},  # reads what the emulator writes
    # binaries: where cargo's output was put; the rest: who may speak to its servers
    "emulator": {"report_line", "binaries", "guard", "asgi_guard", "authority"},
    # What a race's REPORT lines say; who may speak to the page's server.
    "live": {"report_line", "guard", "asgi_guard"},
    "guard": {"authority"},  # Host and Origin
    "asgi_guard": {"guard"},  # the rules
    "authority": set[str](),
    "report_line": set[str](),
    "case_files": {"toml_place"},  # where in workload.toml a fault is
    "workload": {"toml_place", "case_files"},  # as case_files, and what its cases hold of JSON
}
# Composition roots: the only places that join stages.
WIRING = {"cli", "__main__", "pytest_plugin"}
# Nothing below these touches a file, a socket or the clock.
PURE = (
    "lambdameter.audit",
    "lambdameter.search",
    "lambdameter.claims.judge",
    "lambdameter.claims.rows",
    "lambdameter.stats",
    "lambdameter.cost",
    "lambdameter.verify",
    "lambdameter.authority",
    "lambdameter.guard",
    "lambdameter.emulator.binding",
    "lambdameter.plan",
    "lambdameter.parameters",
    "lambdameter.emulator.lifecycle",
    "lambdameter.emulator.scheduler",
    "lambdameter.emulator.metering",
    "lambdameter.emulator.gateway.events",
    "lambdameter.emulator.gateway.protocol",
)
IMPURE_MODULES = {
    "asyncio",
    "boto3",
    "botocore",
    "http",
    "importlib",
    "io",
    "os",
    "pathlib",
    "psutil",
    "random",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
IMPURE_CALLS = {"open", "print", "input"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("lambdameter", include_external_packages=True, cache_dir=None)


def python_files() -> Iterator[Path]:
    for folder in ("src", "workloads", "live", "infra", "tests", "benchmarks"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def stage(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def own_modules(graph: grimp.ImportGraph) -> list[str]:
    return sorted(name for name in graph.modules if name.split(".")[0] == "lambdameter")


def test_a_stage_imports_the_records_and_nothing_of_another_stage(graph: grimp.ImportGraph) -> None:
    offences = []
    for module in own_modules(graph):
        importer = stage(module)
        if importer in WIRING or not importer:
            continue
        allowed = SHARED | ALSO.get(importer, set()) | {importer, ""}
        offences += [
            f"{module} imports {imported}"
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.split(".")[0] == "lambdameter" and stage(imported) not in allowed
        ]
    assert offences == []


def test_no_import_cycle_even_inside_functions(graph: grimp.ImportGraph) -> None:
    order = graphlib.TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in own_modules(graph)}
    )
    order.prepare()


def test_pure_modules_touch_no_file_socket_or_clock(graph: grimp.ImportGraph) -> None:
    offences = [
        f"{module} imports {imported}"
        for module in own_modules(graph)
        if module.startswith(PURE)
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] in IMPURE_MODULES
    ]
    assert offences == []


def test_pure_modules_call_nothing_that_reads_or_writes() -> None:
    offences = []
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        if not module.startswith(PURE):
            continue
        offences += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.func.id}()"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in IMPURE_CALLS
        ]
    assert offences == []


def test_only_wiring_imports_the_emulator(graph: grimp.ImportGraph) -> None:
    importers = {
        stage(importer)
        for module in own_modules(graph)
        if stage(module) == "emulator"
        for importer in graph.find_modules_that_directly_import(module)
    }
    assert importers <= {"emulator", *WIRING}


def test_functions_keep_to_their_budget() -> None:
    offences = []
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    offences.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines}")
    assert offences == []


def test_modules_keep_to_their_budget() -> None:
    sources = [path for path in python_files() if ROOT / "tests" not in path.parents]
    sources += [
        path
        for folder in ("crates", "workloads", "live")
        for path in sorted((ROOT / folder).rglob("*.rs"))
    ]
    sources += sorted((ROOT / "ui" / "src").rglob("*.ts"))
    offences = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in sources
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES
    ]
    assert offences == []


def test_nothing_in_the_code_knows_a_workload() -> None:
    names = {path.parent.name for path in (ROOT / "workloads").glob("*/workload.toml")}
    offences = []
    for path in sorted(SOURCE.rglob("*.py")):
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        offences += [f"{path.relative_to(ROOT)} names {name}" for name in strings & names]
    assert names
    assert offences == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    bad = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [path for path in python_files() if path.stem in bad or path.parent.name in bad] == []
