"""Published claims as they were judged."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Record
from lambdameter.model.claim import ClaimRow, Headline, Study
from lambdameter.model.sample import TargetInfo

RowVerdict = Literal["reproduced", "same direction", "not reproduced", "cannot be so", "not judged"]
ROW_VERDICTS: tuple[RowVerdict, ...] = (
    "reproduced",
    "same direction",
    "not reproduced",
    "cannot be so",
    "not judged",
)


class Estimate(Record, frozen=True, kw_only=True):
    """What was measured for a row, in the row's unit.

    Attributes:
        value: over all environments; None: nothing was measured (see `lack`).
        low, high: the 95 % interval; None: too few environments.
        environments: rounds that it stands on.
        once: the first round's alone: what the published protocol would have told.
        modelled: the part of the effect that our own model made; None: nothing is modelled.
        of, over: both sides where the row has two.
        scaled: the published work is so many times that of our calls, and a figure that grows with
            it was multiplied; 1: the same.
        lack: why there is no value.
        died: it is lacking since the function did not answer.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    environments: int = 0
    once: float | None = None
    modelled: float | None = None
    of: float | None = None
    over: float | None = None
    scaled: float = 1
    lack: str = ""
    died: bool = False


class JudgedRow(Record, frozen=True, kw_only=True):
    """One row with its verdict.

    Attributes:
        source: the text's id.
        estimate: None where nothing is to be measured for it.
        here: what it comes to where it is recomputed or looked up, in words.
        why: why it is not reproduced, cannot be so or is not judged; also what a reproduced one
            leaves out.
        log_error: by which the interval was widened on both sides.
    """

    source: str
    row: ClaimRow
    verdict: RowVerdict
    why: str = ""
    here: str = ""
    estimate: Estimate | None = None
    log_error: float = 0


class StudyTable(Record, frozen=True, kw_only=True):
    """A study's figures: variant -> one estimate a column; no verdict."""

    source: str
    study: Study
    figures: dict[str, tuple[Estimate, ...]]


class HeadlineLine(Record, frozen=True, kw_only=True):
    """One line of both bills, USD; `saved` is what the headline's variant saves of the whole."""

    item: str
    over_usd: float
    of_usd: float
    saved: float


class HeadlineBill(Record, frozen=True, kw_only=True):
    """A headline against the whole bill.

    Attributes:
        count: units of work in a call; None: the workload counts none.
        compute_saved, whole_saved: shares of compute alone, and of the whole bill.
        compute_ratio, whole_ratio: how many times as dear `over` is.
    """

    source: str
    headline: Headline
    lines: tuple[HeadlineLine, ...]
    over_usd: float
    of_usd: float
    count: int | None
    compute_saved: float
    whole_saved: float
    compute_ratio: float
    whole_ratio: float
    region: str
    prices_as_of: str


class ExperimentRun(Record, frozen=True, kw_only=True):
    """A run that rows were judged by."""

    experiment: str
    folder: str
    run: str
    created_at: str
    workload: str
    rounds: int
    samples: int
    equal: bool
    complete: bool
    host: dict[str, str]
    target: TargetInfo
    conditions: tuple[str, ...]


class Reproduction(Record, frozen=True, kw_only=True):
    """Everything that `lambdameter reproduce` tells.

    Attributes:
        titles: source id -> title of the text.
        conditions: source id -> how its figures came about.
        command: what was typed, without options on where results go.
    """

    quick: bool
    titles: dict[str, str]
    conditions: dict[str, str]
    rows: tuple[JudgedRow, ...]
    studies: tuple[StudyTable, ...]
    headlines: tuple[HeadlineBill, ...]
    runs: tuple[ExperimentRun, ...]
    folder: str
    lambdameter: str
