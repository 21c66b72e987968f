import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_positions import VALUES, toml

from assess.describe.authored import InvalidFileError, load, parse, read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.problems import spelled
from assess.describe.runtime import Runtime
from assess.describe.workload import Workload
from assess.errors import AssessError

ROVER = """\
name = "ACME Rover"
vendor = "ACME"
sectors = ["robotics"]
availability = "shipping"

[sources]
DS = { where = "data sheet" }

[memory]
kind = "unified"
capacity = { value = "8 GiB", source = "DS", grade = "A" }
reserved = { value = "1 GiB", source = "DS", grade = "A" }

[[engine]]
name = "npu"
kind = "npu"

[[engine.peak]]
precision = "int8"
dense = { value = "4 TOPS", source = "DS", grade = "A" }
sparse = { value = "8 TOPS", source = "DS", grade = "A" }

[[runtime]]
id = "onnxruntime-cpu"
engine = "npu"
"""


@pytest.fixture
def rover(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="rover.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path.relative_to(tmp_path)

    return write


def problems(path, schema=Device):
    with pytest.raises(AssessError) as error:
        load(path, schema, id="rover")
    return str(error.value)


def test_a_good_file_loads(rover):
    device = load(rover(ROVER), Device, id="rover")
    assert (device.id, device.memory.capacity.value) == ("rover", 8 * 2**30)


def test_a_problem_shows_its_line_and_what_was_meant(rover):
    path = rover(ROVER.replace("8 GiB", "8 Gib"))
    assert problems(path) == (
        "rover.toml:11: memory.capacity.value: '8 Gib' has the unit 'Gib'; did you mean 'GiB'?\n"
        ' 11 | capacity = { value = "8 Gib", source = "DS", grade = "A" }\n'
        "    |                      ^^^^^^^"
    )


def test_an_unknown_key_is_underlined_itself(rover):
    path = rover(ROVER.replace("capacity =", "capacty ="))
    assert problems(path).splitlines()[:3] == [
        "rover.toml:11: memory.capacty: unknown key; did you mean 'capacity'?",
        ' 11 | capacty = { value = "8 GiB", source = "DS", grade = "A" }',
        "    | ^^^^^^^",
    ]


#: What is replaced in the good file, by what, and the line that is complained about.
BROKEN = [
    ('vendor = "ACME"\n', "", "rover.toml:1: missing key 'vendor'"),
    ('"shipping"', '"shiping"', "rover.toml:4: availability: 'shiping' is not known; did you mean 'shipping'?"),
    ('["robotics"]', '["robots"]', "rover.toml:3: sectors[0]: 'robots' is not known; did you mean 'robotics'?"),
    ('["robotics"]', "[]", "rover.toml:3: sectors: must not be empty"),
    ('["robotics"]', '"robotics"', "rover.toml:3: sectors: expected a list, found 'robotics'"),
    ('"8 GiB"', "8", "rover.toml:11: memory.capacity.value: expected text with a unit such as '8 GiB', found 8"),
    ('"8 GiB"', '"8"', "rover.toml:11: memory.capacity.value: '8' has no unit; expected a quantity such as '8 GiB'"),
    ('"8 GiB"', '"8 TOPS"', "rover.toml:11: memory.capacity.value: '8 TOPS' has the unit 'TOPS'"),
    ('"8 GiB"', '"-8 GiB"', "rover.toml:11: memory.capacity.value: '-8 GiB' must be a finite number"),
    ('"8 GiB"', "nan", "rover.toml:11: memory.capacity.value: expected text with a unit such as '8 GiB', found nan"),
    ('{ value = "8 GiB", source = "DS", grade = "A" }', '"8 GiB"',
     "rover.toml:11: memory.capacity: expected a table, found '8 GiB'"),
    ('"8 GiB", source = "DS", grade', '"8 GiB", grade', "rover.toml:11: memory.capacity: missing key 'source'"),
    ('"8 GiB", source = "DS"', '"8 GiB", source = "DSS"',
     "rover.toml:11: memory.capacity.source: 'DSS' is not in [sources]; did you mean 'DS'?"),
    ('"8 GiB", source = "DS", grade = "A"', '"8 GiB", source = "DS", grade = "Z"',
     "rover.toml:11: memory.capacity.grade: 'Z' is not known; expected one of 'A', 'B', 'C', 'D', 'R'"),
    ('"1 GiB"', '"9 GiB"', "rover.toml:12: memory.reserved.value: the system would keep all of the memory"),
    ('"8 TOPS"', '"2 TOPS"', "rover.toml:21: engine[0].peak[0].sparse.value: is less than the dense peak"),
    ('engine = "npu"', 'engine = "nup"',
     "rover.toml:25: runtime[0].engine: 'nup' is no [[engine]] of this file; did you mean 'npu'?"),
    ('kind = "unified"', 'kind = "unifed"',
     "rover.toml:10: memory.kind: 'unifed' is not known; did you mean 'unified'?"),
    ('name = "ACME Rover"', "name = 7", "rover.toml:1: name: expected text, found 7"),
    ('name = "ACME Rover"', 'name = "ACME Rover"\nid = "x"',
     "rover.toml:2: id: unknown key; the file's name is the id"),
    ('name = "ACME Rover"', 'name = "ACME Rover"\nname = "x"', "rover.toml:2: not TOML: this key is set already"),
    ('name = "ACME Rover"', 'name = "ACME', "rover.toml:1: not TOML: the text is not closed by a quote"),
    ('name = "ACME Rover"', "name = ACME Rover", "rover.toml:1: not TOML: no value: text stands in quotes"),
    ("[memory]", "[sources]\n[memory]", "rover.toml:9: not TOML: this table is there already"),
    ("[memory]", "# a\u2028b\n[memory", "rover.toml:10: not TOML: expected ']' at the end of a table declaration"),
    ('name = "ACME Rover"', 'name = ""', "rover.toml:1: name: must not be empty"),
    ('name = "ACME Rover"', "name = 2026-01-01",
     "rover.toml:1: name: expected text, found the date or time 2026-01-01"),
    ('"8 GiB"', '"0 GiB"', "rover.toml:11: memory.capacity.value: must be more than zero"),
    ('"4 TOPS"', '"0 TOPS"', "rover.toml:20: engine[0].peak[0].dense.value: must be more than zero"),
    ('"8 GiB"', '"8 GIB"', "rover.toml:11: memory.capacity.value: '8 GIB' has the unit 'GIB'; did you mean 'GiB'?"),
    ('"8 GiB"', '"1__0 GiB"', "rover.toml:11: memory.capacity.value: '1__0 GiB' is not a quantity"),
    ('"8 GiB"', f'"8 {"G" * 999}"', "rover.toml:11: memory.capacity.value: is too long for a quantity such as '8 GiB'"),
    ('"8 GiB"', '["8 GiB"]',
     "rover.toml:11: memory.capacity.value: expected text with a unit such as '8 GiB', found a list"),
    ('precision = "int8"', 'precision = ["int8"]',
     "rover.toml:19: engine[0].peak[0].precision: expected one of 'fp64'"),
    ('precision = "int8"', 'precision = "float16"',
     "rover.toml:19: engine[0].peak[0].precision: 'float16' is not known"),
    ("[[runtime]]", "[[runtimes]]", "rover.toml:23: runtimes: unknown key; did you mean 'runtime'?"),
    ("[[runtime]]", "[runtime]",
     "rover.toml:23: runtime: expected a list, found a table; each entry begins with [[runtime]]"),
    ("[[runtime]]", "[fallbacks]\n[[runtime]]", "rover.toml:23: fallbacks: unknown key"),
    ('DS = { where = "data sheet" }', "",
     "rover.toml:11: memory.capacity.source: 'DS' is not in [sources]; there are none"),
    ('[sources]\nDS = { where = "data sheet" }', 'sources = ["DS"]',
     "rover.toml:6: sources: expected a table, found a list"),
    ("[memory]", "[memory", "rover.toml:9: not TOML: expected ']' at the end of a table declaration"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "complaint"), BROKEN, ids=[complaint for _, _, complaint in BROKEN])
def test_every_mistake_has_its_complaint(rover, old, new, complaint):
    assert old in ROVER
    text = problems(rover(ROVER.replace(old, new, 1)))
    assert complaint in text
    if "there are none" not in complaint:  # Then every number has that problem.
        assert len([line for line in text.splitlines() if line.startswith("rover.toml")]) == 1


def test_every_problem_is_told_at_once_in_the_order_of_lines(rover):
    text = ROVER.replace("8 GiB", "8 Gib").replace('"shipping"', '"shiping"').replace('"npu"\nkind', '"npu"\nkid')
    lines = [line for line in problems(rover(text)).splitlines() if line.startswith("rover.toml")]
    assert lines == [
        "rover.toml:4: availability: 'shiping' is not known; did you mean 'shipping'?",
        "rover.toml:11: memory.capacity.value: '8 Gib' has the unit 'Gib'; did you mean 'GiB'?",
        "rover.toml:16: engine[0].kid: unknown key; did you mean 'kind'?",
    ]


def test_on_chip_memory_has_a_table_of_its_own(rover):
    text = problems(rover(ROVER.replace('kind = "unified"', 'kind = "on-chip"')))
    assert "rover.toml:10: memory.kind: on-chip memory is written as [on_chip], any other as [memory]" in text


def test_a_derived_number_shows_its_arithmetic(rover):
    derived = ROVER.replace('"8 TOPS", source = "DS", grade = "A"', '"8 TOPS", source = "DS", grade = "D"')
    for note in ("", ', note = " "', ', note = "."', ', note = "\u200b"'):
        said = derived.replace('grade = "D"', f'grade = "D"{note}')
        assert "peak[0].sparse.grade: a derived number shows its arithmetic in 'note'" in problems(rover(said))


def test_a_device_without_memory_has_nowhere_for_a_model(rover):
    text = ROVER[: ROVER.index("[memory]")] + ROVER[ROVER.index("[[engine]]") :]
    assert "missing key 'memory' or 'on_chip'" in problems(rover(text))


def test_a_repeated_engine_and_peak_are_told(rover):
    text = ROVER.replace("[[runtime]]", '[[engine]]\nname = "npu"\nkind = "npu"\n\n[[runtime]]')
    assert "engine[1].name: 'npu' is the name of an engine above" in problems(rover(text))
    text = ROVER.replace("[[runtime]]", '[[engine.peak]]\nprecision = "int8"\n\n[[runtime]]')
    assert "engine[0].peak[1].precision: 'int8' has a peak above" in problems(rover(text))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfename", "is not UTF-8: byte 0 is 0xff"),
        (b"#" * (2**20 + 1), "is larger than 1 MiB: this is no profile"),
        (b"a = " + b"9" * 5000, "holds a number that is too long to be one"),
        (b"", "missing key 'name'"),
        (b"a = " + b"[" * 5000, "is nested too deeply"),
        (b"a = " + b"[" * 40 + b"]" * 40, "is nested too deeply"),
        (b"[a.b]\n" + b".".join([b"a"] * 13) + b" = 1", "rover.toml:2: a key has more than 12 parts"),
        (b"\n" + b"a." * 400_000 + b"a = 1", "rover.toml:2: a key has more than 12 parts: this is no profile"),
    ],
)
def test_what_is_no_profile_is_refused(rover, content, complaint):
    assert complaint in problems(rover(content))


def test_a_very_long_line_is_shown_around_the_problem(rover):
    text = ROVER.replace('"8 GiB"', '"8 Gib"').replace("grade = ", f'note = "{"x" * 5000}", grade = ', 1)
    _, shown, under = problems(rover(text)).splitlines()
    assert len(shown) < 180
    assert shown[under.index("^") : under.rindex("^") + 1] == '"8 Gib"'


def test_a_byte_order_mark_is_no_problem(rover):
    assert load(rover(b"\xef\xbb\xbf" + ROVER.encode()), Device, id="rover").name == "ACME Rover"


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(AssessError, match="there is no such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(AssessError, match="is a folder, not a file"):
        read(tmp_path)
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(AssessError, match="symbolic link that leads nowhere"):
        read(loop)


def test_a_mapping_from_a_result_file_obeys_the_same_rules():
    mapping = {"name": "x", "version": "one", "requires": {"deadline": "5 parsecs"}}
    with pytest.raises(InvalidFileError) as error:
        parse(mapping, Workload, "run.json: workload")
    assert "run.json: workload: version: expected a whole number, found 'one'" in str(error.value)
    assert {problem.key for problem in error.value.problems} >= {"", "version", "requires.deadline"}


def test_a_caret_stands_under_its_value_behind_wide_characters(rover):
    path = rover(ROVER.replace('{ value = "8 GiB"', '{ note = "日本", value = "8 Gib"'))
    assert problems(path).splitlines()[1:] == [
        ' 11 | capacity = { note = "日本", value = "8 Gib", source = "DS", grade = "A" }',
        "    |                                     ^^^^^^^",
    ]


def test_what_steers_a_terminal_is_written_out(rover):
    path = rover(ROVER.replace('"shipping"', '"ship\u202e\u009bping" # \u2028'))
    assert problems(path) == (
        "rover.toml:4: availability: 'ship\\u202e\\x9bping' is not known; did you mean 'shipping'?\n"
        ' 4 | availability = "ship\\u202e\\x9bping" # \\u2028\n'
        "   |                ^^^^^^^^^^^^^^^^^^^^"
    )


def test_a_value_that_reads_like_a_key_is_underlined_as_the_value_it_is(rover):
    assert problems(rover(ROVER.replace('"shipping"', '"monkey"'))).splitlines()[2] == "   |                ^^^^^^^^"


def test_lines_of_another_system_are_counted_and_shown_alike(rover):
    assert problems(rover(ROVER.replace("8 GiB", "8 Gib").replace("\n", "\r\n"))) == problems(
        rover(ROVER.replace("8 GiB", "8 Gib"))
    )


def test_an_endless_value_is_cut_in_the_message(rover):
    assert problems(rover(ROVER.replace('"shipping"', f'"{"x" * 5000}"'))).startswith(
        f"rover.toml:4: availability: '{'x' * 55}...' is not known; expected one of 'shipping'"
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            'engine = "npu"',
            f'engine = "{"n" * 9000}"',
            f"'{'n' * 55}...' is no [[engine]] of this file; expected one of",
        ),
        ('source = "DS"', f'source = "{"D" * 9000}"', f"'{'D' * 55}...' is not in [sources]; expected one of 'DS'"),
        ("[memory]", f"[{'m' * 9000}]\n[memory]", "unknown key; "),
    ],
)
def test_no_message_repeats_an_endless_word(rover, old, new, complaint):
    text = problems(rover(ROVER.replace(old, new, 1)))
    assert complaint in text
    assert len(text) < 2500


JOB = """\
name = "x"
version = 1
sectors = ["robotics"]
why = "because"
source = "here"
[scenario]
kind = "single"
rate = "30 Hz"
[requires]
percentile = 99
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("version = 1", 'version = "1"', "rover.toml:2: version: expected a whole number, found '1'"),
        ("version = 1", "version = true", "rover.toml:2: version: expected a whole number, found true"),
        ("version = 1", "version = 0", "rover.toml:2: version: 0 must be at least 1"),
        ('"30 Hz"', '"0 Hz"', "rover.toml:8: scenario.rate: must be more than zero"),
        ('"single"', '"server"', "rover.toml:7: scenario.kind: 'server' is not known; expected one of 'single'"),
        ("percentile = 99", "percentile = 100", "rover.toml:10: requires.percentile: 100 must be less than 100"),
        ("percentile = 99", "percentile = nan", "rover.toml:10: requires.percentile: nan must be a finite number"),
        ("percentile = 99", "percentile = true", "rover.toml:10: requires.percentile: expected a number, found true"),
        (
            "percentile",
            'memory_share = "150 %"\npercentile',
            "rover.toml:10: requires.memory_share: must be at most 100 %",
        ),
        ("percentile", 'deadline = "0 ms"\npercentile', "rover.toml:10: requires.deadline: must be more than zero"),
        ("percentile", 'deadline = "3 MS"\npercentile', "has the unit 'MS'; did you mean 'ms'?"),
    ],
)
def test_a_job_is_checked_like_a_device(rover, old, new, complaint):
    assert complaint in problems(rover(JOB.replace(old, new, 1)), Workload)


CARD = f'name = "x"\nsummary = ""\nfile = "m.onnx"\nsha256 = "{"a" * 64}"\nlicence = "MIT"\nsource = ""\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (CARD.replace("a" * 64, "abc"), "rover.toml:4: sha256: expected 64 hexadecimal digits in lower case"),
        (CARD + '[dims]\nbatch = "1"', "rover.toml:8: dims.batch: expected a whole number, found '1'"),
        (CARD + "[dims]\nbatch = 0", "rover.toml:8: dims.batch: 0 must be at least 1"),
        (
            CARD + '[[input]]\nname = "a"\nmeaning = "image"\nlow = nan',
            "rover.toml:10: input[0].low: nan must be a finite",
        ),
        (
            CARD + '[[input]]\nname = "a"\nmeaning = "image"\nlow = 2\nhigh = 1',
            "rover.toml:11: input[0].high: is less than",
        ),
    ],
)
def test_a_card_is_checked_like_a_device(rover, text, complaint):
    assert complaint in problems(rover(text), Card)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[opset]\nmin = 9\nmax = 3", "rover.toml:6: opset.max: is less than 'min'"),
        ("[operators]\nAbs = true", "rover.toml:5: operators.Abs: expected a table, found true"),
        ("[operators]\nConv = { condition = [] }", "operators.Conv.condition: unknown key; did you mean 'conditions'?"),
        ('precisions = ["float32"]', "rover.toml:4: precisions[0]: 'float32' is not known; did you mean 'fp32'?"),
    ],
)
def test_a_runtime_is_checked_like_a_device(rover, line, complaint):
    assert complaint in problems(rover(f'name = "a"\nversion = "1"\nsource = "s"\n{line}\n'), Runtime)


def test_a_mapping_that_is_nested_too_deeply_is_refused():
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidFileError, match=r"run\.json: is nested too deeply"):
        parse({"name": deep}, Workload, "run.json")


def with_one_value_replaced(mapping, keys, value):
    if not keys:
        return value
    copy = dict(mapping) if isinstance(mapping, dict) else list(mapping)
    copy[keys[0]] = with_one_value_replaced(mapping[keys[0]], keys[1:], value)
    return copy


def every_path(value, path=()):
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from every_path(inner, (*path, key))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(every_path(tomllib.loads(ROVER)), key=str)), VALUES)
def test_any_value_anywhere_loads_or_has_a_problem_with_its_line(tmp_path_factory, keys, value):
    mapping = with_one_value_replaced(tomllib.loads(ROVER), keys, value)
    text = "".join(f"{toml(key)} = {toml(inner)}\n" for key, inner in mapping.items())
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text)
    try:
        load(path, Device, id="rover")
    except InvalidFileError as error:
        assert all(problem.at and problem.text for problem in error.problems)
        assert all("input" not in problem.text.lower() for problem in error.problems), "those are pydantic's words"


def test_an_endless_key_is_cut():
    assert spelled(("a" * 5000,)) == "a" * 1000 + "..."
