import pytest

from assess.cli.options import choice, dimensions, feeds, pairs
from assess.errors import AssessError


def test_dimensions_are_whole_numbers():
    assert dimensions(["batch=1", "seq=128"]) == {"batch": 1, "seq": 128}
    assert dimensions(None) == {}


def test_a_dimension_may_hold_an_equals_sign():
    assert dimensions(["a=b=3"]) == {"a=b": 3}


@pytest.mark.parametrize("word", ["batch", "=1", "batch=", "batch=x", "batch=0", "batch=-1", "batch=1.5", "batch=²"])
def test_what_is_no_dimension_is_refused(word):
    with pytest.raises(AssessError):
        dimensions([word])


def test_a_name_given_twice_is_refused():
    with pytest.raises(AssessError, match="given twice"):
        pairs(["a=1", "a=2"], "--input")


def test_a_file_name_may_hold_an_equals_sign():
    assert str(feeds(["x=in=1.npy"])["x"]) == "in=1.npy"


@pytest.mark.parametrize(
    ("word", "option", "told"),
    [
        ("htlm", "--format", "--format: there is no format 'htlm' (hint: did you mean 'html'?)"),
        ("xml:1", "--format", "--format: there is no format 'xml:1' (hint: expected one of 'html', 'json')"),
        ("Json", "KIND", "there is no kind 'Json' (hint: did you mean 'json'?)"),
    ],
)
def test_a_word_that_is_no_choice_is_told_with_the_nearest(word, option, told):
    with pytest.raises(AssessError) as error:
        choice(word, ["html", "json"], option)
    assert str(error.value) == told


def test_a_word_that_is_a_choice_is_that_word():
    assert choice("json", ["html", "json"], "--format") == "json"
