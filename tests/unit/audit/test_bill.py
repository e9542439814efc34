from __future__ import annotations

from collections.abc import Callable

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]
HEAD = (
    "id,metric,value,unit,from,architecture,memory_mb,billed_ms,runs,period,uses,covers,variant\n"
)
# A million calls of 2 and of 109 ms at 128 MB: what compute costs, and with the request fee.
FAST = "fast,cost,{},USD,,arm64,128,2,1000000,month,,,fast\n"
SLOW = "slow,cost,{},USD,,arm64,128,109,1000000,month,,,slow\n"
RATIO = ",ratio,{},x,slow / fast,,,,,,,,\n"


def test_the_request_fee_that_is_left_out_is_named_with_the_whole(found: Found) -> None:
    text = HEAD + FAST.format("0.0033") + SLOW.format("0.1817")
    (finding,) = found("left-out", text)
    assert (finding.lines, finding.severity) == ((2, 3), "left out")
    assert finding.right == "$0.203 with requests ($0.200)"


def test_a_ratio_of_partial_bills_is_set_right(found: Found) -> None:
    text = HEAD + FAST.format("0.0033") + SLOW.format("0.1817") + RATIO.format(55)
    (finding,) = found("left-out-ratio", text)
    assert (finding.lines, finding.stated) == ((4,), "55x")
    assert finding.right == "1.88x for the whole bills (lines 2-3)"


def test_whole_bills_have_nothing_left_out(found: Found) -> None:
    text = HEAD + FAST.format("0.2033") + SLOW.format("0.3817") + RATIO.format("1.88")
    assert not found("left-out", text)
    assert not found("left-out-ratio", text)


def test_a_cost_that_says_that_it_is_compute_alone_leaves_nothing_out(found: Found) -> None:
    text = HEAD + FAST.format("0.0033").replace(",,fast", ",compute,fast")
    assert not found("left-out", text)


def test_what_other_services_are_paid_is_left_out_too(found: Found) -> None:
    row = ",cost,0.000267,USD,,arm64,1024,20000,,,dynamodb.WriteRequestUnit=50000,,etl\n"
    (finding,) = found("left-out", HEAD + row)
    assert "with DynamoDB writes ($0.0312)" in finding.right
    assert finding.why.startswith("The whole bill is 118 times as high")


def test_init_is_named_beside_it_where_the_table_has_one(found: Found) -> None:
    text = HEAD + FAST.format("0.0033") + ",init,28.96,ms,,,,,,,,,fast\n"
    (finding,) = found("left-out", text)
    assert finding.right.endswith("; cold starts also pay for INIT (28.96 ms, line 3)")


def test_what_is_hardly_paid_is_not_missed(found: Found) -> None:
    row = ",cost,0.000267,USD,,arm64,1024,20000,,,s3.GetObject=1,,etl\n"
    assert not found("left-out", HEAD + row)
