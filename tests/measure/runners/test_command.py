"""Any command: lines with units, or JSON; what is neither is told with its place."""

import json

import pytest
from fake_tools import FakeMachine, ended, order
from hypothesis import given
from hypothesis import strategies as st

from assess.errors import AssessError
from assess.measure.runners.command import COMMAND, UNITS
from assess.measure.tool_run import Statistics


def told(out, unit="", words=("./bench", "{model}")):
    return COMMAND.read(order(words=words, unit=unit), "", ended(out), FakeMachine([]))


def problem(out, unit=""):
    with pytest.raises(AssessError) as caught:
        told(out, unit)
    assert caught.value.where == "--runner-command"
    assert caught.value.hint
    return caught.value.problem


def words(*typed, **changes):
    return COMMAND.command(order(words=typed, **changes), "", "/f")


def test_what_is_in_braces_is_put_in_and_nothing_else_is():
    assert words("./bench", "--model={model}", "-n", "{count}", "{warmup}", "$(rm)", '{"a": 1}') == (
        "./bench", "--model=/m/student.onnx", "-n", "500", "10", "$(rm)", '{"a": 1}',
    )  # fmt: skip


def test_inputs_are_a_word_each_where_they_stand_alone():
    two = (order().inputs[0], order(inputs=()).inputs or order().inputs[0])
    assert words("b", "{inputs}", inputs=two) == ("b", "image=/f/0.npy", "image=/f/0.npy")
    assert words("b", "--feed={inputs}", inputs=two) == ("b", "--feed=image=/f/0.npy,image=/f/0.npy")


@pytest.mark.parametrize(("typed", "said"), [((), "is missing"), (("b", "{modle}"), "{modle} stands for nothing")])
def test_a_command_that_cannot_be_meant_is_refused(typed, said):
    with pytest.raises(AssessError, match=said):
        words(*typed)


@pytest.mark.parametrize(
    ("line", "ns"),
    [
        ("12.3 ms", 12_300_000),
        ("12.3ms", 12_300_000),
        ("0.0123 s", 12_300_000),
        ("123 us", 123_000),
        ("123 \u00b5s", 123_000),
        ("123 \u03bcs", 123_000),
        ("456 ns", 456),
        ("1e-3 s", 1_000_000),
        (".5ms", 500_000),
        ("0.4 ns", 1),
    ],
)
def test_a_line_is_a_number_and_its_unit(line, ns):
    assert told(line).service_ns == (ns,)


def test_comments_and_empty_lines_are_left_out():
    assert told("# warm-up done\n\n1 ms\r\n  2 ms  \n").service_ns == (1_000_000, 2_000_000)


def test_bare_numbers_have_the_unit_that_was_said_and_others_keep_theirs():
    assert told("12.5\n3 us\n", unit="ms").service_ns == (12_500_000, 3000)


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("", "it printed nothing"),
        ("# only words\n", "it printed no latency"),
        ("1 ms\nhello\n", "line 2 of what it printed is no latency: 'hello'"),
        ("12.3", "line 1 of what it printed, '12.3', has no unit"),
        ("nan ms", "line 1 of what it printed is no latency: 'nan ms'"),
        ("inf ms", "line 1 of what it printed is no latency: 'inf ms'"),
        ("-1 ms", "line 1 of what it printed, '-1 ms', is no time that an inference takes"),
        ("0 ms", "line 1 of what it printed, '0 ms', is no time that an inference takes"),
        ("1e300 ms", "line 1 of what it printed, '1e300 ms', is no time that an inference takes"),
        ("9" * 200 + " ms", f"line 1 of what it printed is no latency: {'9' * 200 + ' ms'!r:.60}"),
        ("1 min", "line 1 of what it printed is no latency: '1 min'"),
        ("1 ms 2 ms", "line 1 of what it printed is no latency: '1 ms 2 ms'"),
        ("[1, 2]", "latency 0 has no unit"),
        ('{"latency_ms": [1, -2]}', "latency_ms 1 is no time that an inference takes"),
        ('{"latency_ms": [1, null]}', "latency_ms 1 is not a number"),
        ('{"latency_ms": [true]}', "latency_ms 0 is not a number"),
        ('{"latency_ms": []}', "latency_ms is not a list of numbers"),
        ('{"latency_ms": [1], "latency_s": [1]}',
         "the JSON that it printed has not exactly one of latency_... and statistics"),
        ('{"latencies": [1]}', "latencies: unknown key"),
        ('{"latency_ms": [1], "memory_bytes": -1}', "memory_bytes is not a number of 0 or more"),
        ('{"latency_ms": [1], "warmup_count": 1.5}', "warmup_count is not a whole number"),
        ('{"latency_ms": [1], "version": 3}', "version is not text"),
        ('{"statistics": {"count": 3, "unit": "ms", "min": 1}}', "statistics has no min, or no max"),
        ('{"statistics": {"count": 3, "min": 1, "max": 2}}', "statistics has no count, or no unit"),
        ('{"statistics": {"count": 3, "unit": "ms", "min": 1, "max": 2, "percentiles": {"p99": 2}}}',
         'statistics.percentiles are not as {"99": 12.3}'),
    ],
)  # fmt: skip
def test_what_is_no_latency_is_told_with_its_place(out, said):
    assert problem(out) == said


@pytest.mark.parametrize(
    "out", ["[1, 2", '{"latency_ms": [NaN]}', '{"latency_ms": [1], "latency_ms": [2]}', "[" * 5000]
)
def test_json_that_is_none_is_told(out):
    assert problem(out, "ms").startswith("what it printed begins as JSON does and is none: ")


def test_json_tells_more_than_latencies():
    found = told(json.dumps({
        "latency_us": [1500, 1600], "version": "3.1", "includes": "copies", "excludes": "queues", "span_s": 0.5,
        "warmup_count": 10, "load_s": 0.4, "first_s": 0.05, "memory_bytes": 41943040, "memory_of": "peak of the NPU",
    }))  # fmt: skip
    assert found.service_ns == (1_500_000, 1_600_000)
    assert (found.version, found.includes, found.excludes) == ("3.1", "copies", "queues")
    assert (found.span_s, found.warmup_count, found.load_s, found.first_s) == (0.5, 10, 0.4, 0.05)
    assert (found.memory_bytes, found.memory_of) == (41943040, "peak of the NPU")


def test_json_may_tell_statistics():
    percentiles = {"99": 2.5, "99.9": 2.9}
    data = {"count": 700, "unit": "ms", "min": 1, "max": 3, "mean": 2, "median": 1.5, "percentiles": percentiles}
    found = told(json.dumps({"statistics": data}))
    assert found.service_ns == ()
    assert found.statistics == Statistics(700, 0.001, 0.003, 0.002, 0.0015, {"99": 0.0025, "99.9": 0.0029})


def test_a_list_has_the_unit_that_was_said():
    assert told("[1, 2.5]", unit="ms").service_ns == (1_000_000, 2_500_000)


def test_inputs_count_as_fed_where_they_were_named():
    assert not told("1 ms").fed
    assert told("1 ms", words=("b", "{inputs}")).fed


def test_of_a_stopped_command_whole_lines_are_kept():
    assert COMMAND.partial(order(), ended("1 ms\n2 ms\n3")).service_ns == (1_000_000, 2_000_000)
    assert COMMAND.partial(order(), ended('{"latency_ms": [')).service_ns == ()
    assert COMMAND.partial(order(), ended("1 m")).service_ns == ()


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=50), st.sampled_from(sorted(set(UNITS))))
def test_what_was_printed_is_what_is_read(times_ns, unit):
    digits = {"s": 9, "ms": 6, "us": 3, "\u00b5s": 3, "\u03bcs": 3, "ns": 0}[unit]
    out = "\n".join(f"{ns / UNITS[unit]:.{digits}f} {unit}" for ns in times_ns)
    assert all(abs(found - ns) <= 1 + ns * 1e-12 for found, ns in zip(told(out).service_ns, times_ns, strict=True))


@given(st.text(max_size=200), st.sampled_from(["", "ms"]))
def test_whatever_it_prints_is_read_or_told(out, unit):
    try:
        found = told(out, unit)
    except AssessError as error:
        assert error.problem
    else:
        assert found.statistics or all(ns >= 1 for ns in found.service_ns)


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["latency_ms", "statistics", "count", "unit", "min", "max", "percentiles", "99", "x"]),
        inner, max_size=5,
    ),
)  # fmt: skip


@given(JUNK)
def test_whatever_json_it_prints_is_read_or_told(data):
    try:
        found = told(json.dumps(data))
    except AssessError as error:
        assert error.problem
    else:
        assert found.statistics or all(ns >= 1 for ns in found.service_ns)
