from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.model.calibration import Calibration
from lambdameter.model.report_line import (
    MODELLED,
    format_host,
    format_meter,
    format_report,
    parse_host,
    parse_meter,
    parse_report,
)
from lambdameter.model.sample import Enforcement, Meter, Modelled, ServiceTime, TargetInfo

# As AWS prints it: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
COLD = (
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 15.74 ms\t"
    "Billed Duration: 120 ms\tMemory Size: 128 MB\tMax Memory Used: 41 MB\t"
    "Init Duration: 103.58 ms\t\n"
)
TIMED_OUT = (
    "REPORT RequestId: a\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 30 MB\tStatus: timeout\t\n"
)
DIED = (
    "REPORT RequestId: a\tDuration: 5.10 ms\tBilled Duration: 6 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t\n"
)


@pytest.mark.parametrize("line", [COLD, TIMED_OUT, DIED])
def test_a_line_read_and_written_again_is_the_same_line(line: str) -> None:
    report = parse_report(line)
    assert report is not None
    assert format_report(report) == line


def test_a_cold_report_has_its_init_duration() -> None:
    report = parse_report(COLD)
    assert report is not None
    assert (report.init_ms, report.duration_ms, report.billed_ms) == (103.58, 15.74, 120)


def test_a_failure_has_its_status_and_error_type() -> None:
    report = parse_report(DIED)
    assert report is not None
    assert (report.status, report.error_type) == ("error", "Runtime.OutOfMemory")


def test_the_last_report_of_a_log_counts() -> None:
    report = parse_report("noise\n" + COLD + "START RequestId: a\n" + TIMED_OUT)
    assert report is not None
    assert report.status == "timeout"


@pytest.mark.parametrize("log", ["", "no report here", COLD[:60]])
def test_a_log_without_a_whole_report_has_none(log: str) -> None:
    assert parse_report(log) is None


FIGURE = st.none() | st.floats(min_value=0, max_value=1e7).map(lambda value: round(value, 3))


@given(
    st.builds(
        Meter,
        environment=st.text("abcdef0123456789-", min_size=1),
        cpu_ms=FIGURE,
        throttled_ms=FIGURE,
        init_cpu_ms=FIGURE,
        disturbed_ms=FIGURE,
        init_disturbed_ms=FIGURE,
        peak_memory_mb=FIGURE,
        service=st.none()
        | st.builds(
            ServiceTime,
            requests=st.dictionaries(
                st.sampled_from(["s3.GetObject", "dynamodb.Scan"]), st.just(3)
            ),
            modelled_ms=st.floats(min_value=0, max_value=1e6),
        ),
        modelled=st.none()
        | st.builds(
            Modelled,
            init_ms=st.floats(min_value=0, max_value=1e6),
            invocation_ms=st.floats(min_value=0, max_value=1e3),
            memory_mb=st.floats(min_value=0, max_value=1e4),
            hidden_start_ms=st.floats(min_value=0, max_value=1e6),
            invocation_cpu_ms=st.floats(min_value=0, max_value=1e3),
        ),
    )
)
def test_a_meter_survives_the_headers(meter: Meter) -> None:
    assert parse_meter(format_meter(meter)) == meter


def test_what_was_added_is_told_in_a_header_of_its_own_and_only_where_something_was() -> None:
    added = Modelled(
        init_ms=25.5,
        invocation_ms=0.5,
        memory_mb=12.25,
        hidden_start_ms=6.0,
        invocation_cpu_ms=0.75,
    )
    told = format_meter(Meter(environment="e", modelled=added))
    assert MODELLED == "x-lambdameter-modelled"
    assert (
        told[MODELLED]
        == '{"init_ms":25.5,"invocation_ms":0.5,"memory_mb":12.25,"hidden_start_ms":6.0,'
        '"invocation_cpu_ms":0.75}'
    )
    assert MODELLED not in format_meter(Meter(environment="e"))


def test_an_answer_without_headers_has_no_meter_and_no_host() -> None:
    assert parse_meter({"content-type": "application/json"}) is None
    assert parse_host({"content-type": "application/json"}) is None


def test_the_host_survives_its_header(calibration: Calibration) -> None:
    info = TargetInfo(
        name="local",
        region="eu-west-1",
        enforcement=Enforcement(by="none", cpu="", memory="", freeze="", isolation=""),
        engines={"dynamodb": "x 1"},
        runtimes={},
        latency_model=None,
        faults="cut=0.1, seed 1",
        architecture="x86_64",
        calibration=calibration,
        overheads="overheads 1",
    )
    assert parse_host(format_host(info)) == info
