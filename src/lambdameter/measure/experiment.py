"""One run, from a workload to a folder of samples: where the measuring side is joined."""

from __future__ import annotations

import os
import platform
import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console

from lambdameter.emulator.options import Options as EmulatorOptions
from lambdameter.emulator.speed import store
from lambdameter.errors import LambdameterError
from lambdameter.interruption import interruption, say
from lambdameter.measure import cpu_speed, pilot, plan, run_folder, runner, sequential
from lambdameter.measure.host_limits import check_granted
from lambdameter.measure.inputs import make_datasets, make_packages
from lambdameter.measure.local_lambda import local_lambda
from lambdameter.measure.plan import Cells, Repetition
from lambdameter.measure.progress import ProgressBar
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.artifact import Dataset, Site
from lambdameter.model.base import Call
from lambdameter.model.comparison import StoppingRule
from lambdameter.model.sample import Conditions, Manifest, Sample, Trial, TrialEquality
from lambdameter.model.workload import Workload
from lambdameter.targets import answer, boto
from lambdameter.targets.base import Target
from lambdameter.targets.provision import Needs, provision
from lambdameter.verify import trial as verification
from lambdameter.verify.trial import Sources
from lambdameter.workload import dataset
from lambdameter.workload.parameters import apply_settings

RUNS = Path("runs")


class RunOptions(Conditions, frozen=True, kw_only=True):
    """What the user asked for; None: all variants and cases, the workload's own tiers and calls.

    Attributes:
        aa: whether each variant, by default the first alone, is held against a copy of itself.
        stopping_rule: measure until it is decided; None: a number of rounds.
    """

    variants: tuple[str, ...] | None
    cases: tuple[str, ...] | None
    memory_mb: tuple[int, ...] | None
    cold: int | None
    warm: int | None
    settings: dict[str, str]
    require_enforcement: bool
    out: Path | None
    aa: bool = False
    stopping_rule: StoppingRule | None = None


@contextmanager
def open_target(conditions: Conditions) -> Iterator[Target]:
    """The target that was asked for, for as long as the context lasts."""
    region, architecture = conditions.region, conditions.architecture
    if conditions.target == "aws":
        yield boto.BotoTarget(
            boto.Options(region=region, architecture=architecture, role=conditions.role)
        )
        return
    options = EmulatorOptions(
        latency=conditions.latency,
        faults=conditions.faults,
        seed=conditions.seed,
        sandbox=conditions.sandbox,
        region=region,
        speed=cpu_speed.chosen(conditions.speed, conditions.architecture),
        overheads=conditions.overheads,
    )
    with local_lambda(options) as endpoints:
        yield boto.BotoTarget(
            boto.Options(region=region, architecture=architecture, endpoints=endpoints)
        )


Opening = Callable[[Conditions], AbstractContextManager[Target]]


class Called(NamedTuple):
    """What a run is called, and where it is kept."""

    run: str
    path: Path


class Place(NamedTuple):
    """Where trials are made, and who is told."""

    target: Target
    site: Site
    console: Console


class PreparedRun(NamedTuple):
    """A run whose functions stand: its folder, the trials that it lacks, where they are made."""

    folder: RunFolder
    manifest: Manifest
    trials: Sequence[Trial]
    place: Place


def measure(workload: Workload, options: RunOptions, opening: Opening = open_target) -> RunFolder:
    """Make every sample of the experiment; the folder that holds them.

    Raises:
        LambdameterError: what was asked, this host or the target; a note says where samples are.
        KeyboardInterrupt: Ctrl-C; stderr was told where samples are.
    """
    console = Console(stderr=True, highlight=False)
    called = call(workload, options.out)
    with (
        telling_what_is_kept(called.path),
        prepared_run(workload, options, called, opening, console) as ready,
    ):
        fill(ready)
    return ready.folder


def call(workload: Workload, out: Path | None) -> Called:
    """A name that no other run has; its folder is `out`, where that is given."""
    run = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{workload.name}-{secrets.token_hex(2)}"
    return Called(run, out or RUNS / run)


@contextmanager
def prepared_run(
    workload: Workload, options: RunOptions, called: Called, opening: Opening, console: Console
) -> Iterator[PreparedRun]:
    """A run set up to be measured, for as long as the context lasts.

    Raises:
        LambdameterError: as in `measure`.
    """
    workload, options, copies = _with_copies(workload, options)
    tiers = _tiers(workload, options)
    wanted = pilot.requested(workload, options.cold, options.warm)
    trials = _plan(workload, options, wanted.fitting())
    if options.stopping_rule is not None:
        pilot.check_comparable(workload, trials)
    parameters = apply_settings(workload, options.settings)
    run_folder.check_unused(called.path)
    datasets = make_datasets(workload, parameters, trials, console)
    with opening(options) as target:
        check_granted(target.info(), tiers, console, required=options.require_enforcement)
        manifest = Manifest(
            schema=run_folder.SCHEMA,
            run=called.run,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            lambdameter=metadata.version("lambdameter"),
            host=_host(),
            target=target.info(),
            workload=workload,
            parameters=parameters,
            datasets=datasets,
            artifacts=make_packages(workload, trials, target.info().architecture, console),
            memory_mb=tiers,
            plan=trials,
            conditions=_conditions(options),
            copies=copies,
            stopping_rule=options.stopping_rule,
        )
        with provisioned(target, manifest, names_begin_with(called.run), console) as site:
            place = Place(target, site, console)
            # Again: what a runtime really is shows once a function was made with it.
            manifest = msgspec.structs.replace(manifest, target=target.info())
            often = pilot.settle(wanted, manifest, _trying(manifest, place), console)
            trials = _plan(workload, options, often)
            manifest = msgspec.structs.replace(manifest, plan=trials)
            folder = RunFolder.create(called.path, manifest)
            with folder.alone():
                yield PreparedRun(folder, manifest, trials, place)


def _with_copies(
    workload: Workload, options: RunOptions
) -> tuple[Workload, RunOptions, dict[str, str]]:
    """For --aa the chosen variants, by default the first, each with its copy."""
    if not options.aa:
        return workload, options, {}
    doubled, copies = plan.doubled(workload, options.variants or (workload.variants[0].name,))
    return doubled, msgspec.structs.replace(options, variants=None), copies


@contextmanager
def telling_what_is_kept(path: Path) -> Iterator[None]:
    """Whoever loses a run in the middle learns where the first half of it is."""
    try:
        with interruption.telling(lambda: _kept(path)):
            yield
    except LambdameterError as failure:
        if _has_samples(path):
            failure.add_note(_kept(path))
        raise
    except KeyboardInterrupt as interrupt:
        # Not by the console: what it was printing when the signal came, it would print again.
        for line in (f"interrupted; {_kept(path)}", *getattr(interrupt, "__notes__", ())):
            say(line)
        raise


def _has_samples(path: Path) -> bool:
    """Of the run itself, or of one of a sweep's runs."""
    return any(path.glob(run_folder.SAMPLES)) or any(path.glob(f"*/{run_folder.SAMPLES}"))


def _kept(path: Path) -> str:
    if not _has_samples(path):
        return "nothing was measured yet"
    return f"the samples so far are in {path}; continue with `lambdameter run --resume {path}`"


def _conditions(options: RunOptions) -> Conditions:
    return msgspec.convert(options, Conditions, from_attributes=True)


def fill(run: PreparedRun) -> None:
    """Make its trials; each sample is on disk before the next is made.

    Where the run has a stopping rule, as many of them as it takes.
    """
    manifest, console = run.manifest, run.place.console
    open_ended = manifest.stopping_rule is not None
    with ProgressBar(run.trials, manifest.datasets, console, at_most=open_ended) as telling:

        def make(some: Sequence[Trial]) -> None:
            carry_out(run._replace(trials=some), telling)

        if open_ended:
            sequential.until_decided(run.folder, manifest, run.trials, make, console)
        else:
            make(run.trials)


def carry_out(run: PreparedRun, progress: runner.Progress) -> None:
    """Its trials, told to somebody who may be told of other runs too."""
    bench = _bench(run.manifest, run.place, run.folder.append, progress)
    runner.execute(run.trials, run.manifest.workload, run.place.site, bench)


def _trying(manifest: Manifest, place: Place) -> pilot.Make:
    """Makes trials in tables and environments of their own."""
    site = msgspec.structs.replace(place.site, prefix=f"{place.site.prefix}-trial")

    def make(
        some: Sequence[Trial], append: Callable[[Sample], None], progress: runner.Progress
    ) -> None:
        bench = _bench(manifest, place, append, progress)
        runner.execute(some, manifest.workload, site, bench)

    return make


def _bench(
    manifest: Manifest, place: Place, append: Callable[[Sample], None], progress: runner.Progress
) -> runner.TrialContext:
    target, workload, datasets = place.target, manifest.workload, manifest.datasets
    return runner.TrialContext(
        target=target,
        read=answer.read,
        initial=lambda trial: dataset.initial_items(datasets[trial.call], trial.case),
        verify=_verifier(target, workload, datasets),
        canonical=lambda response: verification.canonical_response(workload, response),
        append=append,
        now=lambda: datetime.now(UTC),
        progress=progress,
    )


def _tiers(workload: Workload, options: RunOptions) -> tuple[int, ...]:
    return options.memory_mb or workload.memory_mb


def _plan(workload: Workload, options: RunOptions, often: Repetition) -> tuple[Trial, ...]:
    return plan.make(
        workload,
        Cells(
            variants=options.variants
            or workload.default_variants
            or tuple(variant.name for variant in workload.variants),
            cases=options.cases or tuple(case.name for case in workload.cases),
            memory_mb=_tiers(workload, options),
        ),
        often,
        random.Random(options.seed).shuffle,  # noqa: S311 - an order, no secret
    )


def names_begin_with(run: str) -> str:
    """What everything that a run makes on a target is named."""
    return f"lambdameter-{run}"


@contextmanager
def provisioned(
    target: Target, manifest: Manifest, prefix: str, console: Console
) -> Iterator[Site]:
    """provision() with a sign of life; no first Ctrl-C disturbs it when it takes all down again."""
    needs = Needs(
        prefix=prefix,
        workload=manifest.workload,
        artifacts=manifest.artifacts,
        datasets=manifest.datasets,
        memory_mb=manifest.memory_mb[0],
    )
    with (
        ExitStack() as until_all_is_down,
        console.status("deploying the functions, uploading the objects") as status,
        provision(target, needs) as site,
    ):
        status.stop()
        try:
            yield site
        finally:
            until_all_is_down.enter_context(interruption.held())


def _verifier(target: Target, workload: Workload, datasets: dict[Call, Dataset]) -> runner.Verify:
    def verify(trial: Trial, response: Any, table: str | None) -> TrialEquality:
        data = datasets[trial.call]
        name = table or ""
        return verification.check(
            workload,
            data.expected[trial.case],
            response,
            Sources(
                scan=lambda: target.scan(name),
                get=lambda key: target.get_item(name, key),
                expected=lambda: dataset.expected_items(data, trial.case),
                initial=lambda: dataset.initial_items(data, trial.case),
            ),
        )

    return verify


def _host() -> dict[str, str]:
    """What a reader of the run folder must know of the machine."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": store.cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
    }
