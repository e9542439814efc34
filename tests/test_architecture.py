"""The rules of ARCHITECTURE.md, held: who may import whom, what is pure, how large things get."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lambdameter"
FUNCTION_LINES = 50
MODULE_LINES = 400

# From the top: whoever stands in a layer imports what stands below it, and nothing beside it.
LAYERS = (
    # The only places that join features.
    {"cli", "pytest_plugin", "__main__"},
    # Features: each whole, on the core.
    {"audit", "claims", "search", "race"},
    {"measure", "report"},
    {"analysis"},
    {"stats", "verify", "cost", "workload", "build", "targets", "emulator"},
)
# At the bottom, for all: records, errors, words and units, where programs are, signals, the guard.
BASE = {
    "model",
    "errors",
    "units",
    "words",
    "versioned",
    "binaries",
    "interruption",
    "guard",
}
# Nothing below these touches a file, a socket or the clock.
PURE = (
    "lambdameter.audit",
    "lambdameter.search",
    "lambdameter.claims.judge",
    "lambdameter.claims.rows",
    "lambdameter.stats",
    "lambdameter.analysis",
    "lambdameter.cost.bill",
    "lambdameter.cost.headline",
    "lambdameter.verify",
    "lambdameter.guard.authority",
    "lambdameter.guard.rules",
    "lambdameter.emulator.http.binding",
    "lambdameter.measure.plan",
    "lambdameter.workload.parameters",
    "lambdameter.emulator.execution.lifecycle",
    "lambdameter.emulator.execution.scheduler",
    "lambdameter.emulator.execution.metering",
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
    for folder in ("src", "workloads", "race", "tests", "benchmarks"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def package(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def own_modules(graph: grimp.ImportGraph) -> list[str]:
    return sorted(name for name in graph.modules if name.split(".")[0] == "lambdameter")


def test_every_package_stands_in_one_layer(graph: grimp.ImportGraph) -> None:
    packages = {package(module) for module in own_modules(graph)} - {""}
    layered = [name for layer in (*LAYERS, BASE) for name in layer]
    assert sorted(layered) == sorted(packages)


def test_a_package_imports_what_stands_in_the_layers_below_it(graph: grimp.ImportGraph) -> None:
    below = {
        name: BASE.union(*LAYERS[depth + 1 :])
        for depth, layer in enumerate(LAYERS)
        for name in layer
    } | dict.fromkeys(BASE, BASE)
    # A command may use another's words, and a test's fixture what is typed behind a flag.
    below["__main__"] = below["pytest_plugin"] = below["cli"] | {"cli"}
    offences = [
        f"{module} imports {imported}"
        for module in own_modules(graph)
        for imported in graph.find_modules_directly_imported_by(module)
        if (importer := package(module)) and imported.split(".")[0] == "lambdameter"
        if package(imported) not in below[importer] | {importer, ""}
    ]
    assert offences == []


def test_the_emulator_knows_nothing_but_the_base(graph: grimp.ImportGraph) -> None:
    offences = [
        f"{module} imports {imported}"
        for module in own_modules(graph)
        if package(module) == "emulator"
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] == "lambdameter"
        and package(imported) not in BASE | {"emulator", ""}
    ]
    assert offences == []


def test_no_import_cycle_even_inside_functions(graph: grimp.ImportGraph) -> None:
    order = graphlib.TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in own_modules(graph)}
    )
    order.prepare()


def crates() -> Iterator[Path]:
    for folder in ("crates", "workloads", "race"):
        yield from sorted(file.parent / "src" for file in (ROOT / folder).rglob("Cargo.toml"))


def rust_imports(source: Path) -> Iterator[str]:
    """The modules of its own crate that a file names outside its tests, by their first name."""
    code = source.read_text().partition("#[cfg(test)]")[0]
    code = re.sub(r"//[^\n]*", "", code)
    for block in re.findall(r"use crate::\{(.*?)\};", code, re.DOTALL):
        while "{" in block:
            block = re.sub(r"\{[^{}]*\}", "", block)  # noqa: PLW2901 - what is nested goes
        yield from re.findall(r"(?:^|,)\s*(\w+)", block)
    yield from re.findall(r"\bcrate::(\w+)", code)


@pytest.mark.parametrize("source", list(crates()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_cycle_among_the_modules_of_a_crate(source: Path) -> None:
    roots = {"main", "lib"}
    modules = {path.stem: {path} for path in source.glob("*.rs") if path.stem not in roots}
    for folder in (path for path in source.iterdir() if path.is_dir()):
        modules.setdefault(folder.name, set()).update(folder.rglob("*.rs"))
    graph = {
        name: {
            imported
            for path in files
            for imported in rust_imports(path)
            if imported in modules and imported != name
        }
        for name, files in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()


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


def test_only_who_measures_imports_the_emulator(graph: grimp.ImportGraph) -> None:
    importers = {
        package(importer)
        for module in own_modules(graph)
        if package(module) == "emulator"
        for importer in graph.find_modules_that_directly_import(module)
    }
    assert importers <= {"emulator", "measure", "race", "cli"}


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
        for folder in ("crates", "workloads", "race")
        for path in sorted((ROOT / folder).rglob("*.rs"))
    ]
    sources += sorted((ROOT / "race" / "page" / "src").rglob("*.ts"))
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


def test_pytest_looks_into_every_folder_of_tests(pytestconfig: pytest.Config) -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    passed_over = pytestconfig.getini("norecursedirs")
    assert [
        folder
        for folder in folders
        for part in folder.relative_to(ROOT).parts
        if any(fnmatch.fnmatch(part, pattern) for pattern in passed_over)
    ] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    bad = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [path for path in python_files() if path.stem in bad or path.parent.name in bad] == []


# Names that say only that there is a value.
FILLERS = {
    "Asked",
    "Apart",
    "Begun",
    "Bench",
    "Desk",
    "Ears",
    "Facilities",
    "Handicap",
    "Often",
    "Surroundings",
    "Telling",
}


def test_no_class_has_a_name_that_says_only_that_there_is_a_value() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.name in FILLERS
    ]
    assert offences == []


# Names of variables, parameters, attributes and functions that say only that there is a value.
FILLER_NAMES = {
    "asked",
    "begun",
    "found",
    "given",
    "heard",
    "kept",
    "known",
    "made",
    "meant",
    "one",
    "said",
    "seen",
    "shown",
    "taken",
    "tell",
    "telling",
    "told",
    "what",
}
# Turns that STYLE.md's glossary forbids, and what to write instead.
FORBIDDEN_TURNS = {
    r"(?<!here )\bis no (?!longer\b)": "is not a",
    r"\bleav\w+ (?:it |them )?away\b": "omit",
    r"\bmend(?:s|ed|ing)?\b": "correct, fix",
    r"\bdearer\b": "more expensive",
    r"(?<!free )(?<!volume )(?<!`)\btiers?\b": "memory size",
    r"\bdata plane\b": "local services",
    r"\bbef[ae]ll?s?\b": "injected fault",
    r"µ\$": "$ per million calls",
}


def sources() -> Iterator[tuple[str, str]]:
    """Each file below src/lambdameter, by its path, with its text."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), path.read_text()


def prose(source: str) -> Iterator[tuple[int, str]]:
    """The line and text of each string of several words and of each comment."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def bound_names(node: ast.AST) -> Iterator[str]:
    """The names that a node gives to something."""
    match node:
        case ast.arg(arg=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.alias(asname=str(name)):
            yield name


def test_no_name_says_only_that_there_is_a_value() -> None:
    offences = [
        f"{place}:{getattr(node, 'lineno', '?')} {name}"
        for place, source in sources()
        for node in ast.walk(ast.parse(source))
        for name in bound_names(node)
        if name.strip("_").lower() in FILLER_NAMES
    ]
    assert offences == []


def test_no_text_has_a_turn_that_the_glossary_forbids() -> None:
    offences = [
        f"{place}:{line} {match[0]!r}: write {instead!r}"
        for place, source in sources()
        for line, text in prose(source)
        for turn, instead in FORBIDDEN_TURNS.items()
        if (match := re.search(turn, text))
    ]
    assert offences == []
