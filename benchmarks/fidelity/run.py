"""How near the local Lambda comes to AWS: the figures of C1, C2, K and "light", ours beside them.

    .venv/bin/python benchmarks/fidelity/run.py            # fifteen minutes, on an idle machine
    .venv/bin/python benchmarks/fidelity/run.py --runs DIR # from samples that an earlier one left

Init Duration, first calls, warm Durations, times in the handler and Max Memory Used, as a user is
shown them: with the CPUs slowed to a Lambda vCPU's, and with what AWS adds. Beside times below one
vCPU stands the CPU time that they imply by the bandwidth rule. Then: how large the errors are,
whether they lean towards a language, and how large they are where what AWS adds (overheads.toml)
was not fitted to the text. The table goes into docs/fidelity/, one file for each kind of host.
"""

from __future__ import annotations

import argparse
import math
import platform
import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from adding import fit, line
from cells import Cell, cells
from demand import implied_ms
from measure import is_disturbed, measure, runs
from rich.console import Console
from rich.table import Table

from lambdameter.emulator.execution import overheads
from lambdameter.emulator.execution.overheads import Overheads

FOLDER = Path(__file__).parents[2] / "docs" / "fidelity"
MEDIAN, WORST, HANDLER, LEAN, CPU = 0.12, 1.5, 1.25, 0.08, 0.15


def table(of: Sequence[Cell], implied: Sequence[float | None]) -> Table:
    """Every cell; where a ratio means nothing there is none."""
    columns = ("claim", "figure", "published", "ours", "x", "CPU implied", "ours", "x")
    shown = Table(*columns, header_style="")
    for cell, cpu in zip(of, implied, strict=True):
        figure = cell.figure
        label = (
            f"{figure.variant} {figure.case} {figure.memory_mb} MB {figure.call} {figure.metric}"
        )
        row = [cell.source, label, f"{figure.value:.4g}", f"{cell.ours:.4g}"]
        row.append(f"{math.exp(cell.error):.2f}" if cell.judged else "-")
        if cpu is None or not cell.judged:
            row += ["", "", ""]
        else:
            row += [f"{cpu:.3g}", f"{cell.cpu_ms:.3g}", f"{cell.cpu_ms / cpu:.2f}"]
        shown.add_row(*row)
    return shown


def spread(name: str, errors: Iterable[float]) -> str:
    """How large errors are."""
    sizes = [abs(error) for error in errors]
    return (
        f"{name}: median |log error| {statistics.median(sizes):.3f}, largest {max(sizes):.3f} "
        f"({math.exp(max(sizes)):.2f}x), {len(sizes)} cells"
    )


def bound(cell: Cell) -> float:
    """The ratio that a cell is held to: means of five in the handler have errors of their own."""
    return WORST * HANDLER if cell.kind == "in the handler" else WORST


def verdicts(of: Sequence[Cell], implied: Sequence[float | None]) -> list[str]:
    """The errors by kind, the lean, and what of the targets is met."""
    judged = [cell for cell in of if cell.judged]
    lines = [spread("all", [cell.error for cell in judged])]
    lines += [
        spread(f"  {kind}", [cell.error for cell in judged if cell.kind == kind])
        for kind in sorted({cell.kind for cell in judged})
    ]
    leans = {
        name: statistics.median(cell.error for cell in judged if cell.figure.variant == name)
        for name in ("python", "rust")
    }
    lines.append(
        "lean (signed median): "
        + ", ".join(f"{name} {math.exp(lean):.3f}" for name, lean in leans.items())
    )
    beyond = [cell for cell in judged if abs(cell.error) > math.log(bound(cell))]
    ratios = [
        math.log(cell.cpu_ms / cpu)
        for cell, cpu in zip(of, implied, strict=True)
        if cpu is not None and cell.judged
    ]
    lines.append(spread("CPU time against what is implied", ratios))
    targets = {
        f"median at most {MEDIAN:.0%}": statistics.median(abs(cell.error) for cell in judged)
        <= math.log(1 + MEDIAN),
        f"no cell beyond {WORST}x ({WORST * HANDLER:.2f}x in the handler)": not beyond,
        f"lean of each language and between them at most {LEAN:.0%}": max(
            *(abs(lean) for lean in leans.values()), abs(leans["python"] - leans["rust"])
        )
        <= math.log(1 + LEAN),
        f"CPU time within {CPU:.0%} of what is implied": max(map(abs, ratios)) <= math.log(1 + CPU),
    }
    lines += [f"target, {name}: {'met' if met else 'NOT met'}" for name, met in targets.items()]
    return lines + [
        f"  beyond: {cell.figure.claim} {cell.figure.variant} {cell.figure.case} "
        f"{cell.figure.memory_mb} MB {cell.kind}: {math.exp(cell.error):.2f}"
        for cell in beyond
    ]


def left_out(of: Sequence[Cell], shipped: Overheads) -> list[str]:
    """The errors of each text where what AWS adds was fitted to the others."""
    lines = []
    for source in dict.fromkeys(cell.source for cell in of):
        model = fit([cell for cell in of if cell.source != source], shipped)
        errors = [
            cell.with_model(model).error for cell in of if cell.source == source and cell.judged
        ]
        lines.append(spread(f"{source}, what AWS adds fitted to the others", errors))
    return lines


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/fidelity"))
    folder = parser.parse_args().runs
    measure(folder)
    measured = runs(folder)
    shipped = overheads.shipped()
    of = [cell.with_model(shipped) for cell in cells(measured)]
    implied = [implied_ms(cell) for cell in of]
    manifest = measured["squares"].manifest
    console = Console(width=120, highlight=False, record=True)
    console.print(f"{manifest.host['cpu']}, Linux {platform.release()}, {manifest.created_at}")
    if manifest.target.calibration:
        console.print(manifest.target.calibration.line)
    left = {name: sum(map(is_disturbed, run.samples)) for name, run in measured.items()}
    console.print(f"still in it, beside a neighbour on the core: {left}")
    console.print(table(of, implied))
    for told in [*verdicts(of, implied), *left_out(of, shipped), line(fit(of, shipped))]:
        console.print(told)
    FOLDER.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", manifest.host["cpu"].lower()).strip("-")
    # Hosts of one name differ: a file for each, told apart by how often a Lambda vCPU they are.
    if manifest.target.calibration:
        name += f"-{manifest.target.calibration.compiled.factor:.2f}"
    (FOLDER / f"{name}.txt").write_text(console.export_text())


if __name__ == "__main__":
    main()
