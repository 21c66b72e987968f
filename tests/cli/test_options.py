import pytest

from assess.cli.options import dimensions, feeds, pairs
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
