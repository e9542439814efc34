"""Every caveat of a report, with its words: what a reader must know beside the figures."""

from __future__ import annotations

from enum import StrEnum


class Caveat(StrEnum):
    """A sentence without a full stop; `format` fills in the figures of those that have braces."""

    # The target.
    EMULATED = "emulated on this machine: no figure here was measured on AWS"
    OWN_SPEED = (
        "CPU at this machine's own speed, which may be higher or lower than a Lambda vCPU's: "
        "see `lambdameter doctor --calibrate`"
    )
    OWN_SPEED_IN_SHORT = (
        "emulated at this machine's CPU speed, not Lambda's (lambdameter doctor --calibrate)"
    )
    MOSTLY_MODELLED = "emulated; up to {share} of a warm call is modelled service time"
    NO_LIMIT = "NO LIMIT IS ENFORCED, neither CPU nor memory: {reason}"
    NO_LIMIT_IN_SHORT = (
        "neither CPU share nor memory limit was enforced: these are this machine's times"
    )
    DUTY_CYCLE = "CPU AND MEMORY LIMITS ARE ONLY APPROXIMATED BY A DUTY CYCLE: {reason}"
    LESS_CPU = (
        "LESS CPU THAN ON LAMBDA: {needed:.2f} vCPUs on Lambda, {granted:.3g} on this host; "
        "work that uses several cores at once is slower here"
    )
    LESS_MEMORY = (
        "LESS MEMORY THAN ON LAMBDA: this host has {granted:,} MB, and ends functions that "
        "need more"
    )

    # The run.
    FAULTS = "FAULTS WERE INJECTED: do not compare these times with those of other runs"
    INCOMPLETE = "the run is not complete: {at_most}{missing} of {planned} calls are missing"
    DISTURBED = (
        "DISTURBED: {disturbed} of {calls} calls had to wait for a CPU, for {share:.0%} of "
        "their Duration or Init at the median of these calls: other work used the same cores "
        "of this machine"
    )
    ONE_ROUND = "one round, so no intervals"
    MEDIANS = 'medians of {rounds} rounds; their intervals are under "Confidence intervals"'
    TOO_FEW_ROUNDS = "medians of {rounds} rounds, not enough for intervals{needed}"
    NOT_A_CANDIDATE = "{variant} is not a candidate: {reason}"

    # Single sections.
    OWN_PEAK = "Max Memory is the function's own peak; on AWS the runtime's base memory is added"
    AWS_SHARE = "Init and Max Memory include AWS's own share, modelled: {shares}"
    HIDDEN_START = "before Init, and in no log line: up to {time} (modelled)"
    WAITING = "waiting is the rest of Duration"
    MODELLED_MARK = "≈ marks modelled service time, which is chosen and not measured"
    NOT_INCLUDED = "not included: {items}"
    OTHER_ARCHITECTURE = "prices of {priced}, but measured on {measured}"
    ALL_CALLS = "counted over all calls, including failed calls"
    FLAGGED = (
        "flagged by Tukey's fences and by the median absolute deviation, but included in every "
        "figure"
    )
    WITHOUT_FLAGGED = "without: the same ratio without the calls that either method flags"

    # Confidence intervals.
    MULTIPLES = "time and billed duration as a multiple of {names}'s: below 1 is faster and cheaper"
    BOOTSTRAP = "{levels} intervals, by bootstrap of rounds"
    BILLED_FROM = "billed duration: intervals only from {needed} environments on"
    WITHOUT = "flagged calls are included; without: the same ratio without them"

    # A sweep over service latencies.
    SWEEP = "warm calls; a separate run for each latency, with interleaved rounds"
    LATENCY_MARK = (
        "≈ the latency is modelled: the median of every request to DynamoDB and S3, chosen and "
        "not measured"
    )
    SWEEP_NEEDS = "intervals need {needed} environments"
    NO_COST_INTERVALS = "no intervals for billed duration and bill"

    # HEAD against BASE.
    ONE_AFTER_THE_OTHER = (
        "the runs were made one after the other, so the intervals do not include changes of the "
        "machine in between"
    )
    GATE_NEEDS = (
        "an interval needs {needed} environments on each side, and BASE has {base} and HEAD "
        "{head}: measure with --cold {needed} or more"
    )
    SEVERAL_INTERVALS = (
        "{intervals} cells with an interval each: one of 20 intervals is expected to miss the "
        "true value"
    )
    SIDE_INCOMPLETE = "{side} is not complete: some of its calls are missing"
    FAILED_CALLS = "{cell}: {base} calls failed in BASE and {head} in HEAD; no figure includes them"

    # Published claims.
    LESS_WORK = "≈: both sides were measured on less work than was published"
    SERVICES = "services: {model}"
