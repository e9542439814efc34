from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from lambdameter.audit import printed, table
from lambdameter.errors import BadInputError
from lambdameter.model.audit import PublishedTable

Read = Callable[[str], PublishedTable]


def test_the_least_table_has_a_metric_and_a_value(read: Read) -> None:
    (figure,) = read("metric,value\nduration,12.5").figures
    assert (figure.line, figure.metric, figure.value, figure.printed) == (
        2,
        "duration",
        Decimal("12.5"),
        "12.5 ms",
    )


def test_figures_are_in_base_units_and_shown_as_printed(read: Read) -> None:
    figures = read(
        'metric,value,unit,memory_mb\nduration,"1,5",s,\n'.replace('"1,5"', "1.5")
        + "part,30,ns,\n".replace("part", "init")
        + "ratio,34,%,\nmax_memory,16,MB,\npackage,1.2,MB,\nprice,$8e-9,USD/ms,1024\ncost,~300,,\n"
    ).figures
    assert [(one.value, one.printed) for one in figures] == [
        (Decimal(1500), "1.5 s"),
        (Decimal("0.00003"), "30 ns"),
        (Decimal("0.34"), "34 %"),
        (Decimal(16 * 1_048_576), "16 MB"),
        (Decimal(1_200_000), "1.2 MB"),
        (Decimal("0.000008"), "$8e-9/ms"),
        (Decimal(300), "~$300"),
    ]


def test_conditions_fill_the_empty_cells_of_the_rows_under_them(read: Read) -> None:
    text = """metric,value,variant,memory_mb,n
,,Rust,128,5
init,1,,,
init,2,Python,,-
,,,256,
init,3,,,
"""
    assert [(one.variant, one.memory_mb, one.n) for one in read(text).figures] == [
        ("Rust", 128, 5),
        ("Python", 128, None),
        ("", 256, None),
    ]


def test_comments_blank_lines_and_a_byte_order_mark_keep_the_line_numbers(read: Read) -> None:
    (figure,) = read('\ufeff# "a" comment, of mine\n\nmetric, value\r\n,,\r\ninit, 3').figures
    assert figure.line == 5


def test_uses_are_the_price_lists_names_with_amounts(read: Read) -> None:
    text = 'metric,value,uses\ncost,1,"s3.GetObject=1; dynamodb.WriteRequestUnit=50,000"'
    (figure,) = read(text).figures
    assert figure.uses == {"s3.GetObject": 1, "dynamodb.WriteRequestUnit": 50_000}


@pytest.mark.parametrize(
    ("text", "where", "cause"),
    [
        ("", ":1", "The table is empty"),
        ("# nothing\n", ":1", "The table is empty"),
        ("metric,value\n", ":1", "The table has no figures"),
        ("metric;value\nduration;3\n", ":1", "The columns are not separated by commas"),
        ("metric\n", ":1, column value", "The column is missing"),
        ("metric,value,memory\n", ":1, column memory", "There is no column of this name"),
        ("metric,value,n,n\n", ":1, column n", "The column appears twice"),
        ("metric,value\ninit,1,2\n", ":2", "The row has 3 cells, and the header row has 2"),
        ('metric,value\ninit,"3\n', ":2", "The table is not valid CSV: unexpected end of data"),
        ("metric,value\nspeed,3\n", ":2, column metric", "There is no metric named 'speed'"),
        ("metric,value\ninit,\n", ":2, column value", "The value is missing"),
        ("metric,value\n,3\n", ":2, column metric", "The metric is missing"),
        ("metric,value\ninit,quick\n", ":2, column value", "'quick' is not a figure"),
        ("metric,value,unit\ninit,3,USD\n", ":2, column unit", "'USD' is not a unit of init"),
        ("metric,value\npart,3\n", ":2, column part", "The part is missing"),
        ("metric,value,runs\ncost,3,-4\n", ":2, column runs", "-4 is not an amount"),
        ("metric,value,runs\ncost,3,nan\n", ":2, column runs", "NaN is not an amount"),
        (
            "metric,value,uses\ncost,3,sqs.Send=1\n",
            ":2, column uses",
            "There is no price for 'sqs",
        ),
        ("metric,value,uses\ncost,3,s3.GetObject\n", ":2, column uses", "'' is not a number of s3"),
        ("metric,value,unit\nprice,3,USD/ms\n", ":2, column memory_mb", "A price per millis"),
        (
            "metric,value,id\ninit,3,1a\n",
            ":2, column id",
            "'1a' is not an id that a formula can use",
        ),
        (
            "metric,value,id\ninit,3,a\ninit,3,a\n",
            ":2, column id",
            "There are 2 rows with the id 'a'",
        ),
        (
            "metric,value,from\nratio,3,a/b\n",
            ":2, column from",
            "There is no row with the id 'a'",
        ),
        ("metric,value,from\nratio,3,f(1)\n", ":2, column from", "'f(1)' cannot be used"),
        ("metric,value,from\nratio,3,1/0\n", ":2, column from", "'1/0' may divide by zero"),
        ("metric,value,id,from\nratio,,a,a\n", ":2, column from", "'a' depends on itself"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_do(
    read: Read, text: str, where: str, cause: str
) -> None:
    with pytest.raises(BadInputError) as raised:
        read(text)
    assert raised.value.place == f"mine.csv{where}"
    assert raised.value.cause.startswith(cause)
    assert raised.value.next_step


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("n", "0"),
        ("n", "five"),
        ("memory_mb", "1.5"),
        ("call", "hot"),
        ("architecture", "arm"),
        ("spread", "1,5"),
        ("statistic", "avg"),
        ("period", "week"),
        ("covers", "all"),
        ("runs", "1M"),
    ],
)
def test_a_cell_that_does_not_fit_its_column_is_told(read: Read, column: str, cell: str) -> None:
    with pytest.raises(BadInputError, match=f"{cell!r} is not a valid value") as raised:
        read(f'metric,value,{column}\ninit,3,"{cell}"\n')
    assert raised.value.place == f"mine.csv:2, column {column}"


def test_a_mistyped_column_is_guessed(read: Read) -> None:
    with pytest.raises(BadInputError, match="Did you mean memory_mb"):
        read("metric,value,memory_md\ninit,3,1\n")


def test_every_faulty_row_is_told_at_once(read: Read) -> None:
    with pytest.raises(BadInputError) as raised:
        read("metric,value\ninit,a\ninit,1\ninit,b\n")
    assert raised.value.place == "mine.csv:2, column value"
    assert [note.split(":")[1] for note in raised.value.__notes__] == ["4, column value"]


def test_a_fault_of_conditions_is_told_once(read: Read) -> None:
    with pytest.raises(BadInputError) as raised:
        read("metric,value,n\n,,few\ninit,1,\ninit,2,\ninit,3,few\n")
    assert raised.value.place == "mine.csv:2, column n"
    assert [note.split(":")[1] for note in raised.value.__notes__] == ["5, column n"]


def test_bytes_that_are_no_utf_8_are_told_with_their_line() -> None:
    with pytest.raises(BadInputError) as raised:
        table.read(b"metric,value\ninit,\xff\n", "mine.csv", ())
    assert raised.value.place == "mine.csv:2"


def test_amounts_may_have_thousands_separators(read: Read) -> None:
    text = 'metric,value,records,runs\ncost,1,"50,000","43,200,000"\n'
    (figure,) = read(text).figures
    assert (figure.records, figure.runs) == (50_000, Decimal(43_200_000))


def test_the_page_documents_every_column_metric_and_unit() -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    names = {
        *table.COLUMNS,
        *printed.METRICS,
        *(u for known in printed.UNITS.values() for u in known),
    }
    assert [name for name in sorted(names - {""}) if f"`{name}`" not in page] == []
