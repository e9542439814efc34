"""Every frozen record that crosses a stage.

Data flows one way: Workload -> Artifact -> Deployment -> Sample* -> Summary -> Bill -> report.
The records know nothing of files, sockets or clocks; times are milliseconds and sizes MiB
unless a name says otherwise. Every record is a msgspec struct, so each can be written to and
read from JSON and TOML, and a key that it does not know is an error.
"""

from __future__ import annotations

from lambdameter.model.artifact import Artifact, Dataset, Deployment, Expected, Site
from lambdameter.model.base import (
    CALLS,
    MAX_MEMORY_MB,
    MEMORY_MB_PER_VCPU,
    MIN_MEMORY_MB,
    Architecture,
    Call,
    ParameterValue,
    Record,
)
from lambdameter.model.bill import (
    NOT_IN_THE_BILL,
    Bill,
    BillLine,
    CellBill,
    MonthlyBill,
    Price,
    PriceList,
)
from lambdameter.model.calibration import Calibration, CodeKind, Speed
from lambdameter.model.claim import ClaimSource, PublishedFigure
from lambdameter.model.comparison import (
    Comparison,
    Interval,
    Noise,
    Outliers,
    Percentile,
    Reason,
    Stopping,
    Verdict,
)
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import (
    Conditions,
    Enforcement,
    FieldDifference,
    Invocation,
    Manifest,
    Meter,
    Modelled,
    RecordDifference,
    Report,
    Sample,
    SampleError,
    ServiceTime,
    TargetInfo,
    Trial,
    TrialEquality,
)
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary, Summary
from lambdameter.model.workload import (
    Calls,
    Case,
    EqualityRule,
    MayDiffer,
    Phase,
    ResponseShape,
    ServiceUse,
    Table,
    TableKey,
    Variant,
    Workload,
)

__all__ = [
    "CALLS",
    "MAX_MEMORY_MB",
    "MEMORY_MB_PER_VCPU",
    "MIN_MEMORY_MB",
    "NOT_IN_THE_BILL",
    "Architecture",
    "Artifact",
    "Bill",
    "BillLine",
    "Calibration",
    "Call",
    "CallSummary",
    "Calls",
    "Case",
    "CaseEquality",
    "CellBill",
    "CellSummary",
    "ClaimSource",
    "CodeKind",
    "Comparison",
    "Conditions",
    "Dataset",
    "Deployment",
    "Enforcement",
    "EqualityRule",
    "Expected",
    "FieldDifference",
    "Interval",
    "Invocation",
    "Manifest",
    "MayDiffer",
    "Meter",
    "Modelled",
    "MonthlyBill",
    "Noise",
    "Outliers",
    "ParameterValue",
    "Percentile",
    "Phase",
    "Price",
    "PriceList",
    "PublishedFigure",
    "Reason",
    "Record",
    "RecordDifference",
    "Report",
    "ReportInput",
    "ResponseShape",
    "Sample",
    "SampleError",
    "ServiceTime",
    "ServiceUse",
    "Site",
    "Speed",
    "Stopping",
    "Summary",
    "Table",
    "TableKey",
    "TargetInfo",
    "Trial",
    "TrialEquality",
    "Variant",
    "Verdict",
    "Workload",
]
