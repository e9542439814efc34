"""Published claims with their verdicts."""

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
    """The measured figure for a row, in the row's unit.

    Attributes:
        value: over all environments; None where nothing was measured (see `lack`).
        low, high: the 95 % interval; None: too few environments.
        environments: number of rounds.
        once: the value of the first round only, as the published protocol would have measured it.
        modelled: the part of the effect that comes from our own models; None: nothing is modelled.
        of, over: the two sides, if the row has two.
        scaled: published work / work of our calls; figures that grow with the work were multiplied
            by it.
        lack: why there is no value.
        died: whether there is no value because the function did not answer.
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
        source: id of the text.
        estimate: None where nothing has to be measured.
        here: the recomputed or documented figure, in words.
        why: the reason for the verdict; for a reproduced row, what the row omits.
        log_error: error by which both ends of the interval were widened.
    """

    source: str
    row: ClaimRow
    verdict: RowVerdict
    why: str = ""
    here: str = ""
    estimate: Estimate | None = None
    log_error: float = 0


class StudyTable(Record, frozen=True, kw_only=True):
    """A study's figures: variant -> one estimate per column; without verdicts."""

    source: str
    study: Study
    figures: dict[str, tuple[Estimate, ...]]


class HeadlineLine(Record, frozen=True, kw_only=True):
    """One line of both bills, USD; `saved` is a share of the whole bill of `over`."""

    item: str
    over_usd: float
    of_usd: float
    saved: float


class HeadlineBill(Record, frozen=True, kw_only=True):
    """A headline compared with the whole bill.

    Attributes:
        count: units of work in a call; None: the workload does not count any.
        compute_saved, whole_saved: saved share of compute, and of the whole bill.
        compute_ratio, whole_ratio: how many times as expensive `over` is as `of`.
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
    """A run that judged rows."""

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
    """The result of `lambdameter reproduce`.

    Attributes:
        quick: whether the quick protocol was measured.
        titles: source id -> title of the text.
        conditions: source id -> how the text's figures were measured.
        folder: folder of the runs.
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
