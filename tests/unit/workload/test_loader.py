from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.errors import BadInputError
from lambdameter.workload import loader
from lambdameter.workload.parameters import apply_settings

TOML = """\
schema = 1
name = "sums"
title = "Sums"
timeout_s = 30
generator = "generate.py"

[parameters]
records = 50_000
share = 0.5
strict = false
flavour = "plain"

[calls.cold]
records = 2_000

[[cases]]
name = "csv"
title = "CSV"
object = "sums.csv"
event = { bucket = "{bucket}", key = "{object}", inner = [{ table = "{table}" }] }

[[variants]]
name = "python"
title = "Python"
language = "python"
runtime = "python3.12"
handler = "handler.handler"
source = "python"
build = "copy"

[[variants]]
name = "rust"
title = "Rust"
language = "rust"
runtime = "provided.al2023"
handler = "bootstrap"
source = "rust"
build = "cargo"
binary = "sums"

[table]
partition_key = { name = "id", type = "S" }

[response]
count = "records"
unit = "record"
total = "total_ms"
phases = [{ name = "parse", title = "parse", field = "phases.parse_ms" }]
"""


USE_OF_ANOTHER_CASE = """\
[[service_use]]
service = "s3"
operation = "GetObject"
requests = 1
cases = ["xml"]

[table]"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "handler.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "rust").mkdir()
    (tmp_path / "rust" / "Cargo.toml").write_text("")
    (tmp_path / "generate.py").write_text("")
    (tmp_path / "workload.toml").write_text(TOML)
    return tmp_path


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in TOML
    (folder / "workload.toml").write_text(TOML.replace(old, new, 1))
    return folder


def line(text: str, within: str = TOML) -> int:
    return within[: within.index(text)].count("\n") + 1


def test_a_folder_is_read(folder: Path) -> None:
    read = loader.load(str(folder))
    assert read.name == "sums"
    assert read.root == str(folder.resolve())
    assert [variant.name for variant in read.variants] == ["python", "rust"]
    assert read.parameters["records"] == 50_000


@pytest.mark.parametrize("key", ["not_a_candidate", "exhibit"])
def test_a_variant_may_say_why_it_is_not_a_candidate(folder: Path, key: str) -> None:
    changed(folder, 'build = "cargo"', f'build = "cargo"\n{key} = "it cheats"')
    reasons = [variant.not_a_candidate for variant in loader.load(str(folder)).variants]
    assert reasons == [None, "it cheats"]


def test_every_built_in_workload_is_read_by_its_name() -> None:
    names = loader.names()
    assert names
    assert [loader.load(name).name for name in names] == list(names)


def test_an_unknown_name_lists_the_built_in_ones() -> None:
    with pytest.raises(BadInputError) as refused:
        loader.load("no-such-workload")
    assert all(name in refused.value.next_step for name in loader.names())


@pytest.mark.parametrize(
    ("old", "new", "says", "key"),
    [
        ("schema = 1", "schema = 2", "schema is 2", "schema"),
        ("schema = 1\n", "", "schema is None", ""),
        ("timeout_s = 30", "timeout_s = 901", "timeout_s is 901", "timeout_s"),
        ("timeout_s = 30", "timeout_s = 30\nrounds = 0", "rounds is 0", "rounds"),
        ("timeout_s = 30", "timeout_s = 30\nwarm_calls = -1", "warm_calls is -1", "warm_calls"),
        (
            "timeout_s = 30",
            'timeout_s = 30\ndefault_variants = ["python", "go"]',
            "There is no variant named 'go'",
            "default_variants[1]",
        ),
        ("timeout_s = 30", 'timeout_s = "30"', "Expected `int`", "timeout_s"),
        ('title = "Sums"\n', "", "The key `title` is missing", ""),
        ('title = "CSV"', 'titel = "CSV"', "key `tit(le|el)`", "cases[0]"),
        (
            'language = "rust"',
            'language = "rust"\nspeed = 1',
            "There is no key `speed`",
            "variants[1].speed",
        ),
        ('name = "sums"', 'name = "Sums up"', "is not a valid name", "name"),
        ('name = "rust"', 'name = "python"', "'python' appears twice", "variants"),
        ('generator = "generate.py"', 'generator = "no.py"', "no.py", "generator"),
        ('source = "python"', 'source = "snake"', "not a folder", "variants[0].source"),
        ('source = "python"', 'source = ".."', "not a folder", "variants[0].source"),
        ('source = "rust"', 'source = "python"', "Cargo.toml", "variants[1].source"),
        ('binary = "sums"\n', "", "without a binary", "variants[1].build"),
        ('build = "copy"', 'build = "copy"\nbinary = "x"', "with a binary", "variants[0].build"),
        ('build = "copy"', 'build = "make"', "Invalid enum", "variants[0].build"),
        ('"handler.handler"', '"main.handler"', "main.py", "variants[0].handler"),
        ('"handler.handler"', '"handler"', "module and a function", "variants[0].handler"),
        ("{object}", "{thing}", "{thing}", "cases[0].event"),
        ('object = "sums.csv"\n', "", "the case has no object", "cases[0].event"),
        (
            'build = "copy"',
            'build = "copy"\nfeatures = ["x"]',
            "has features but is not built by cargo",
            "variants[0].features",
        ),
        (
            'build = "copy"',
            'build = "copy"\nbuild_environment = { X = "1" }',
            "has build_environment but no features",
            "variants[0].build_environment",
        ),
        (
            "[table]",
            USE_OF_ANOTHER_CASE,
            "There is no case named 'xml'",
            "service_use[0].cases",
        ),
        ('generator = "generate.py"\n', "", "has no generator", "table"),
        (
            'generator = "generate.py"',
            'generator = "generate.py"\ninput_schema = "no.json"',
            "no.json",
            "input_schema",
        ),
        (
            'object = "sums.csv"',
            'object = "sums.csv"\nexpected = { n = 1 }',
            "Both the generator and the case",
            "cases[0].expected",
        ),
        ("records = 2_000", "rows = 2_000", "is not a parameter", "calls.cold.rows"),
        ("records = 2_000", 'records = "many"', "str here and int", "calls.cold.records"),
        ('[table]\npartition_key = { name = "id", type = "S" }\n', "", "{table}", "cases[0].event"),
    ],
)
def test_a_fault_is_named_with_its_key(
    folder: Path, old: str, new: str, says: str, key: str
) -> None:
    with pytest.raises(BadInputError, match=says) as refused:
        loader.load(str(changed(folder, old, new)))
    assert refused.value.place is not None
    assert key in refused.value.place
    assert refused.value.next_step


def test_a_fault_is_placed_on_its_line(folder: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        loader.load(str(changed(folder, 'source = "rust"', 'source = "oxide"')))
    expected = line('source = "rust"')
    assert refused.value.place == f"{folder}/workload.toml:{expected}: variants[1].source"


def test_a_missing_key_is_placed_on_the_head_of_its_table(folder: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        loader.load(str(changed(folder, 'title = "Rust"\n', "")))
    assert refused.value.place == f"{folder}/workload.toml:{line('[[variants]]') + 9}: variants[1]"


def test_bad_syntax_is_placed_on_its_line(folder: Path) -> None:
    with pytest.raises(BadInputError, match="not valid TOML") as refused:
        loader.load(str(changed(folder, "timeout_s = 30", "timeout_s = ")))
    assert refused.value.place == f"{folder}/workload.toml:{line('timeout_s')}"


def test_a_file_that_ends_too_early_is_bad_syntax(folder: Path) -> None:
    (folder / "workload.toml").write_text('name = """abc')
    with pytest.raises(BadInputError, match="not valid TOML"):
        loader.load(str(folder))


def test_a_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "workload.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInputError, match="cannot be read"):
        loader.load(str(folder))


def test_no_cases_are_refused(folder: Path) -> None:
    text = TOML[: TOML.index("[[cases]]")] + TOML[TOML.index("[[variants]]") :]
    (folder / "workload.toml").write_text("cases = []\n" + text)
    with pytest.raises(BadInputError, match="no cases"):
        loader.load(str(folder))


def test_the_handler_may_be_a_package(folder: Path) -> None:
    (folder / "python" / "main").mkdir()
    (folder / "python" / "main" / "__init__.py").write_text("")
    read = loader.load(str(changed(folder, '"handler.handler"', '"main.handler"')))
    assert read.variants[0].handler == "main.handler"


def test_a_copied_package_of_an_os_only_runtime_needs_bootstrap(folder: Path) -> None:
    changed(folder, '"python3.12"', '"provided.al2023"')
    with pytest.raises(BadInputError, match="bootstrap"):
        loader.load(str(folder))
    (folder / "python" / "bootstrap").write_text("")
    assert loader.load(str(folder)).variants[0].runtime == "provided.al2023"


def test_a_call_has_the_defaults_overlaid_with_its_own(folder: Path) -> None:
    parameters = apply_settings(loader.load(str(folder)), {})
    assert parameters["cold"]["records"] == 2_000
    assert parameters["warm"]["records"] == 50_000
    assert parameters["cold"]["share"] == 0.5


def test_a_setting_changes_the_default_and_leaves_a_calls_own_value(folder: Path) -> None:
    parameters = apply_settings(loader.load(str(folder)), {"records": "500"})
    assert (parameters["cold"]["records"], parameters["warm"]["records"]) == (2_000, 500)


def test_a_setting_with_its_call_changes_that_call_alone(folder: Path) -> None:
    parameters = apply_settings(
        loader.load(str(folder)), {"cold.records": "100", "warm.share": "0.25"}
    )
    assert (parameters["cold"]["records"], parameters["warm"]["records"]) == (100, 50_000)
    assert (parameters["cold"]["share"], parameters["warm"]["share"]) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("records", "1_000", 1_000),
        ("share", "2", 2.0),
        ("strict", "true", True),
        ("flavour", "7", "7"),
    ],
)
def test_a_setting_takes_the_type_of_the_default(
    folder: Path, name: str, text: str, value: object
) -> None:
    given = apply_settings(loader.load(str(folder)), {name: text})["warm"][name]
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(("name", "text"), [("records", "many"), ("strict", "1"), ("share", "")])
def test_a_setting_of_another_type_is_refused(folder: Path, name: str, text: str) -> None:
    with pytest.raises(BadInputError, match="is no"):
        apply_settings(loader.load(str(folder)), {name: text})


@pytest.mark.parametrize("name", ["rows", "hot.records", "cold.rows", "cold."])
def test_an_unknown_setting_lists_the_known_ones(folder: Path, name: str) -> None:
    with pytest.raises(BadInputError) as refused:
        apply_settings(loader.load(str(folder)), {name: "1"})
    assert "flavour, records, share, strict" in refused.value.next_step


SHARED_EVENT = """
[event]
version = "2.0"
format = "shared"

[event.context]
stage = "$default"
inner = [1]
"""


def test_a_cases_event_is_laid_over_the_one_that_all_share(folder: Path) -> None:
    changed(folder, 'event = { bucket = "{bucket}", key = "{object}"', 'event = { format = "own"')
    file = folder / "workload.toml"
    own = ', context = { stage = "own" } }'
    text = file.read_text().replace(', inner = [{ table = "{table}" }] }', own)
    file.write_text(text + SHARED_EVENT)
    assert loader.load(str(folder)).cases[0].event == {
        "version": "2.0",
        "format": "own",
        "context": {"stage": "own", "inner": [1]},
    }


def test_a_case_may_do_with_the_shared_event(folder: Path) -> None:
    changed(
        folder,
        'event = { bucket = "{bucket}", key = "{object}", inner = [{ table = "{table}" }] }\n',
        "",
    )
    file = folder / "workload.toml"
    file.write_text(file.read_text() + SHARED_EVENT)
    assert loader.load(str(folder)).cases[0].event["format"] == "shared"


@pytest.mark.parametrize("name", ["squares", "dynamodb-ops", "light"])
def test_claims_workloads_run_at_their_published_tier(name: str) -> None:
    assert loader.load(name).memory_mb == (128,)


SMALL = """\
schema = 1
name = "small"
title = "Small"
timeout_s = 3

[event]
version = "2.0"

[[cases]]
name = "one"
title = "One"
event = "events/one.json"
expected = "events/answer.json"

[[variants]]
name = "python"
title = "Python"
language = "python"
runtime = "python3.12"
handler = "handler.handler"
source = "python"
build = "copy"

[response]

[equality]
response = [{ field = "mean", absolute = 0.5, reason = "a sum" }]
"""


@pytest.fixture
def small(folder: Path) -> Path:
    (folder / "workload.toml").write_text(SMALL)
    (folder / "events").mkdir()
    (folder / "events" / "one.json").write_text('{"path": "/items/{id}", "name": null}')
    (folder / "events" / "answer.json").write_text('{"n": 1}')
    return folder


def test_without_tables_and_objects_no_generator_is_needed_and_files_hold_the_case(
    small: Path,
) -> None:
    (case,) = loader.load(str(small)).cases
    assert case.event == {"version": "2.0", "path": "/items/{id}", "name": None}
    assert case.expected == {"n": 1}


def test_an_event_of_a_file_may_be_any_json(small: Path) -> None:
    (small / "events" / "one.json").write_text("[1, 2]")
    assert loader.load(str(small)).cases[0].event == [1, 2]


@pytest.mark.parametrize(
    ("content", "says", "place"),
    [
        (b'{"n": 1,\n}', "is not valid JSON", "events/one.json:2"),
        (b"", "is not valid JSON", "events/one.json:1"),
        (b'{"n": NaN}', "NaN is not valid in JSON", "events/one.json"),
        (b'"\xff"', "cannot be read", "events/one.json"),
    ],
)
def test_a_file_that_is_no_json_is_named_with_its_line(
    small: Path, content: bytes, says: str, place: str
) -> None:
    (small / "events" / "one.json").write_bytes(content)
    with pytest.raises(BadInputError, match=says) as refused:
        loader.load(str(small))
    assert refused.value.place == f"{small}/{place}"


@pytest.mark.parametrize("name", ["no.json", "../workload.toml", "events", ""])
def test_a_file_of_an_event_must_be_one_below_the_folder(small: Path, name: str) -> None:
    (small / "workload.toml").write_text(SMALL.replace("events/one.json", name))
    with pytest.raises(BadInputError, match=r"There is no file .* below") as refused:
        loader.load(str(small))
    at = line("events/one.json", SMALL)
    assert refused.value.place == f"{small}/workload.toml:{at}: cases[0].event"


def test_parameters_without_a_generator_are_refused(small: Path) -> None:
    (small / "workload.toml").write_text(SMALL + "[parameters]\nrecords = 1\n")
    with pytest.raises(BadInputError, match="has no generator") as refused:
        loader.load(str(small))
    assert refused.value.place is not None
    assert refused.value.place.endswith(": parameters")


@pytest.mark.parametrize(
    ("rule", "says", "key"),
    [
        ("absolute = 0.5", "Expected `float` > 0", "absolute = 0"),
        ("absolute = 0.5", "Expected `float` < 1", "relative = 2.0"),
        ("absolute = 0.5", "There is no key `tolerance`", "tolerance = 1"),
        ('reason = "a sum"', "The key `reason` is missing", "relative = 0.5"),
    ],
)
def test_a_wrong_tolerance_is_refused(small: Path, rule: str, says: str, key: str) -> None:
    (small / "workload.toml").write_text(SMALL.replace(rule, key))
    with pytest.raises(BadInputError, match=says) as refused:
        loader.load(str(small))
    assert refused.value.place is not None
    assert "equality.response[0]" in refused.value.place


def test_a_table_takes_no_tolerance(folder: Path) -> None:
    text = TOML + '[equality]\ntable = [{ field = "n", absolute = 1.0, reason = "a sum" }]\n'
    (folder / "workload.toml").write_text(text)
    with pytest.raises(BadInputError, match="There is no key `absolute`"):
        loader.load(str(folder))
