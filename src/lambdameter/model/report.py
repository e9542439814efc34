"""What a report is made from."""

from __future__ import annotations

from lambdameter.model.base import Record
from lambdameter.model.bill import Bill
from lambdameter.model.claim import ClaimSource
from lambdameter.model.sample import Manifest, Sample
from lambdameter.model.summary import Summary


class ReportInput(Record, frozen=True, kw_only=True):
    """All that a report is made from.

    Attributes:
        samples: the run's own; a report takes from them the records that differ, no figure.
        claims: the published texts whose figures may stand beside ours.
        folder: the run folder, as the user may type it.
        outliers: indices of the trials whose time is flagged; they are in every figure.
    """

    manifest: Manifest
    summary: Summary
    bill: Bill
    samples: tuple[Sample, ...]
    claims: tuple[ClaimSource, ...]
    folder: str
    outliers: frozenset[int] = frozenset()
