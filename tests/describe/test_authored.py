import pytest

from assess.describe.authored import InvalidFileError, load, parse, read
from assess.describe.card import Card
from assess.describe.device import Device
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
    ('"8 GiB"', "8", "rover.toml:11: memory.capacity.value: 8 must be text with a unit"),
    ('"8 GiB"', '"8"', "rover.toml:11: memory.capacity.value: '8' has no unit; expected a quantity such as '8 GiB'"),
    ('"8 GiB"', '"8 TOPS"', "rover.toml:11: memory.capacity.value: '8 TOPS' has the unit 'TOPS'"),
    ('"8 GiB"', '"-8 GiB"', "rover.toml:11: memory.capacity.value: '-8 GiB' must be a finite number"),
    ('"8 GiB"', "nan", "rover.toml:11: memory.capacity.value: nan must be text with a unit"),
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
    ('name = "ACME Rover"', 'name = "ACME Rover"\nname = "x"', "rover.toml:2: not TOML: cannot overwrite a value"),
    ('name = "ACME Rover"', 'name = "ACME', "rover.toml:1: not TOML: illegal character '\\n'"),
    ("[memory]", "[memory", "rover.toml:9: not TOML: expected ']' at the end of a table declaration"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "complaint"), BROKEN, ids=[complaint for _, _, complaint in BROKEN])
def test_every_mistake_has_its_complaint(rover, old, new, complaint):
    assert old in ROVER
    text = problems(rover(ROVER.replace(old, new, 1)))
    assert complaint in text
    assert len([line for line in text.splitlines() if line.startswith("rover.toml")]) == 1


def test_every_problem_is_told_at_once_in_the_order_of_lines(rover):
    text = ROVER.replace("8 GiB", "8 Gib").replace('"shipping"', '"shiping"').replace('"npu"\nkind', '"npu"\nkid')
    lines = [line for line in problems(rover(text)).splitlines() if line.startswith("rover.toml")]
    assert lines == [
        "rover.toml:4: availability: 'shiping' is not known; did you mean 'shipping'?",
        "rover.toml:11: memory.capacity.value: '8 Gib' has the unit 'Gib'; did you mean 'GiB'?",
        "rover.toml:14: engine[0]: missing key 'kind'",
        "rover.toml:16: engine[0].kid: unknown key; did you mean 'kind'?",
    ]


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
        (b"", "missing key 'name'"),
        (b"a = " + b"[" * 5000, "is nested too deeply"),
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
    with pytest.raises(AssessError, match="is not a regular file"):
        read(tmp_path)
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(AssessError, match=r"there is no such file|cannot be read"):
        read(loop)


def test_a_mapping_from_a_result_file_obeys_the_same_rules():
    mapping = {"name": "x", "version": "one", "requires": {"deadline": "5 parsecs"}}
    with pytest.raises(InvalidFileError) as error:
        parse(mapping, Workload, "run.json: workload")
    assert "run.json: workload: version: expected a whole number, found 'one'" in str(error.value)
    assert {problem.key for problem in error.value.problems} >= {"", "version", "requires.deadline"}


def test_a_card_checks_its_hash(rover):
    card = 'name = "x"\nsummary = ""\nfile = "m.onnx"\nsha256 = "abc"\nlicence = "MIT"\nsource = ""\n'
    assert "rover.toml:4: sha256: 'abc' should match pattern" in problems(rover(card), Card).replace("String ", "")
