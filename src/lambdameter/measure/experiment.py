"""One run, from a workload to a run folder: where the parts of the measuring side are joined."""

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
from lambdameter.targets.provision import Requirements, provision
from lambdameter.verify import trial as verification
from lambdameter.verify.trial import ItemSources
from lambdameter.workload import dataset
from lambdameter.workload.parameters import apply_settings

RUNS = Path("runs")


class RunOptions(Conditions, frozen=True, kw_only=True):
    """The options of one run; None: the workload's own default.

    Attributes:
        with_copies: compare each variant with a copy of itself; by default only the first variant.
        stopping_rule: ends the run when every difference is decided; None: a fixed number of
            rounds.
    """

    variants: tuple[str, ...] | None
    cases: tuple[str, ...] | None
    memory_mb: tuple[int, ...] | None
    cold: int | None
    warm: int | None
    settings: dict[str, str]
    require_enforcement: bool
    out: Path | None
    with_copies: bool = False
    stopping_rule: StoppingRule | None = None


@contextmanager
def open_target(conditions: Conditions) -> Iterator[Target]:
    """The local Lambda, started and stopped by this context, or AWS."""
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


TargetOpener = Callable[[Conditions], AbstractContextManager[Target]]


class RunName(NamedTuple):
    """The unique name of a run, and its run folder."""

    run: str
    path: Path


class TargetSetup(NamedTuple):
    """A target with the functions and objects of one run, and the console for progress."""

    target: Target
    site: Site
    console: Console


class PreparedRun(NamedTuple):
    """A run that is ready to be measured: its folder, its missing trials and its target."""

    folder: RunFolder
    manifest: Manifest
    trials: Sequence[Trial]
    setup: TargetSetup


def measure(
    workload: Workload, options: RunOptions, opening: TargetOpener = open_target
) -> RunFolder:
    """Measure a workload.

    Returns:
        The run folder with all samples.

    Raises:
        LambdameterError: the options, this host or the target are at fault; a note names the
            folder of the samples so far.
        KeyboardInterrupt: Ctrl-C; stderr names the folder of the samples so far.
    """
    console = Console(stderr=True, highlight=False)
    name = name_run(workload, options.out)
    with (
        reporting_saved_samples(name.path),
        prepared_run(workload, options, name, opening, console) as ready,
    ):
        make_missing_trials(ready)
    return ready.folder


def name_run(workload: Workload, out: Path | None) -> RunName:
    """A unique name for a run; its folder is `out`, or a new folder in runs/."""
    run = f"{datetime.now(UTC):%Y%m%dt%H%M%S}-{workload.name}-{secrets.token_hex(2)}"
    return RunName(run, out or RUNS / run)


@contextmanager
def prepared_run(
    workload: Workload,
    options: RunOptions,
    name: RunName,
    opening: TargetOpener,
    console: Console,
) -> Iterator[PreparedRun]:
    """Set up a run: data, packages, target, functions and run folder; tear all down at the end.

    Raises:
        LambdameterError: as in `measure`.
    """
    workload, options, copies = _with_copies(workload, options)
    memory_sizes = _memory_sizes(workload, options)
    wanted = pilot.requested(workload, options.cold, options.warm)
    trials = _plan(workload, options, wanted.fitting())
    if options.stopping_rule is not None:
        pilot.check_comparable(workload, trials)
    parameters = apply_settings(workload, options.settings)
    run_folder.check_unused(name.path)
    datasets = make_datasets(workload, parameters, trials, console)
    with opening(options) as target:
        check_granted(target.info(), memory_sizes, console, required=options.require_enforcement)
        manifest = Manifest(
            schema=run_folder.SCHEMA,
            run=name.run,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            lambdameter=metadata.version("lambdameter"),
            host=_host(),
            target=target.info(),
            workload=workload,
            parameters=parameters,
            datasets=datasets,
            artifacts=make_packages(workload, trials, target.info().architecture, console),
            memory_mb=memory_sizes,
            plan=trials,
            conditions=_conditions(options),
            copies=copies,
            stopping_rule=options.stopping_rule,
        )
        with provisioned(target, manifest, names_begin_with(name.run), console) as site:
            setup = TargetSetup(target, site, console)
            # Asked again, since the target knows its runtimes once functions were created.
            manifest = msgspec.structs.replace(manifest, target=target.info())
            repetition = pilot.settle(wanted, manifest, _pilot_maker(manifest, setup), console)
            trials = _plan(workload, options, repetition)
            manifest = msgspec.structs.replace(manifest, plan=trials)
            folder = RunFolder.create(name.path, manifest)
            with folder.alone():
                yield PreparedRun(folder, manifest, trials, setup)


def _with_copies(
    workload: Workload, options: RunOptions
) -> tuple[Workload, RunOptions, dict[str, str]]:
    """For --aa: the chosen variants, by default the first, each with a copy."""
    if not options.with_copies:
        return workload, options, {}
    doubled, copies = plan.doubled(workload, options.variants or (workload.variants[0].name,))
    return doubled, msgspec.structs.replace(options, variants=None), copies


@contextmanager
def reporting_saved_samples(path: Path) -> Iterator[None]:
    """If a run ends early, say where its samples are."""
    try:
        with interruption.reporting(lambda: _saved(path)):
            yield
    except LambdameterError as failure:
        if _has_samples(path):
            failure.add_note(_saved(path))
        raise
    except KeyboardInterrupt as interrupt:
        # Not on the console, which would repeat what it was printing when the signal came.
        for line in (f"interrupted; {_saved(path)}", *getattr(interrupt, "__notes__", ())):
            say(line)
        raise


def _has_samples(path: Path) -> bool:
    """Whether the run, or any run of a sweep, has samples."""
    return any(path.glob(run_folder.SAMPLES)) or any(path.glob(f"*/{run_folder.SAMPLES}"))


def _saved(path: Path) -> str:
    if not _has_samples(path):
        return "nothing was measured yet"
    return f"the samples so far are in {path}; continue with `lambdameter run --resume {path}`"


def _conditions(options: RunOptions) -> Conditions:
    return msgspec.convert(options, Conditions, from_attributes=True)


def make_missing_trials(run: PreparedRun) -> None:
    """Make the missing trials of a run; each sample is on disk before the next trial begins.

    A run with a stopping rule makes only as many trials as it needs.
    """
    manifest, console = run.manifest, run.setup.console
    open_ended = manifest.stopping_rule is not None
    with ProgressBar(run.trials, manifest.datasets, console, at_most=open_ended) as progress:

        def make(some: Sequence[Trial]) -> None:
            make_trials(run._replace(trials=some), progress)

        if open_ended:
            sequential.until_decided(run.folder, manifest, run.trials, make, console)
        else:
            make(run.trials)


def make_trials(run: PreparedRun, progress: runner.Progress) -> None:
    """Make the trials of a run; `progress` may show several runs."""
    context = _context(run.manifest, run.setup, run.folder.append, progress)
    runner.execute(run.trials, run.manifest.workload, run.setup.site, context)


def _pilot_maker(manifest: Manifest, setup: TargetSetup) -> pilot.Make:
    """Makes pilot trials, in tables and environments of their own."""
    site = msgspec.structs.replace(setup.site, prefix=f"{setup.site.prefix}-trial")

    def make(
        some: Sequence[Trial], append: Callable[[Sample], None], progress: runner.Progress
    ) -> None:
        context = _context(manifest, setup, append, progress)
        runner.execute(some, manifest.workload, site, context)

    return make


def _context(
    manifest: Manifest,
    setup: TargetSetup,
    append: Callable[[Sample], None],
    progress: runner.Progress,
) -> runner.TrialContext:
    target, workload, datasets = setup.target, manifest.workload, manifest.datasets
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


def _memory_sizes(workload: Workload, options: RunOptions) -> tuple[int, ...]:
    return options.memory_mb or workload.memory_mb


def _plan(workload: Workload, options: RunOptions, repetition: Repetition) -> tuple[Trial, ...]:
    return plan.make(
        workload,
        Cells(
            variants=options.variants
            or workload.default_variants
            or tuple(variant.name for variant in workload.variants),
            cases=options.cases or tuple(case.name for case in workload.cases),
            memory_mb=_memory_sizes(workload, options),
        ),
        repetition,
        random.Random(options.seed).shuffle,  # noqa: S311 - an order, no secret
    )


def names_begin_with(run: str) -> str:
    """The prefix of the names of everything that a run creates on a target."""
    return f"lambdameter-{run}"


@contextmanager
def provisioned(
    target: Target, manifest: Manifest, prefix: str, console: Console
) -> Iterator[Site]:
    """provision() with a progress message; the first Ctrl-C waits until all is removed again."""
    requirements = Requirements(
        prefix=prefix,
        workload=manifest.workload,
        artifacts=manifest.artifacts,
        datasets=manifest.datasets,
        memory_mb=manifest.memory_mb[0],
    )
    with (
        ExitStack() as until_all_is_down,
        console.status("deploying the functions, uploading the objects") as status,
        provision(target, requirements) as site,
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
            ItemSources(
                scan=lambda: target.scan(name),
                get=lambda key: target.get_item(name, key),
                expected=lambda: dataset.expected_items(data, trial.case),
                initial=lambda: dataset.initial_items(data, trial.case),
            ),
        )

    return verify


def _host() -> dict[str, str]:
    """This machine, for readers of the run folder."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": store.cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
    }
