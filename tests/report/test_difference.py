"""What two profiles say differently."""

from assess.report.difference import difference

ONE = {
    "name": "Rover",
    "power": {"value": "25 W", "source": "DS", "grade": "A"},
    "sources": {"DS": {"where": "data sheet"}},
    "engine": [
        {"name": "cpu", "kind": "cpu"},
        {"name": "gpu", "kind": "gpu", "peak": [{"precision": "int8", "dense": {"value": "20 TOPS"}}]},
    ],
}


def test_the_same_is_no_difference():
    assert difference(ONE, ONE) == ""


def test_keys_that_differ_in_their_order_with_both_values():
    other = {
        "name": "Rover",
        "summary": "A rover.",
        "power": {"value": "10 W", "source": "DS", "grade": "A"},
        "sources": {"DS": {"where": "data sheet"}},
        "engine": [
            {"name": "gpu", "kind": "gpu", "peak": [{"precision": "int8", "dense": {"value": "8 TOPS"}}]},
        ],
    }
    assert difference(ONE, other) == (
        "power\n"
        '  - { value = "25 W", source = "DS", grade = "A" }\n'
        '  + { value = "10 W", source = "DS", grade = "A" }\n'
        "engine[cpu].name\n"
        '  - "cpu"\n'
        "engine[cpu].kind\n"
        '  - "cpu"\n'
        "engine[gpu].peak[int8].dense\n"
        '  - { value = "20 TOPS" }\n'
        '  + { value = "8 TOPS" }\n'
        "summary\n"
        '  + "A rover."\n'
    )


def test_engines_meet_by_name_in_whatever_order():
    assert difference(ONE, {**ONE, "engine": ONE["engine"][::-1]}) == ""


def test_text_of_a_file_steers_no_terminal():
    assert difference({"a\x1b[31m": "x"}, {}) == 'a\\x1b[31m\n  - "x"\n'


def test_an_empty_table_and_none_differ():
    assert difference({"thermal": {}}, {}) == "thermal\n  - {}\n"
    assert difference({"engine": []}, {}) == "engine\n  - []\n"
