"""Generated inputs: seeded, in range, never all zeros."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.generate import NUMPY_TYPES, check_dtype, generate

NUMBERS = [dtype for dtype in NUMPY_TYPES if dtype != "string"]
MEANINGS = ["", "image", "token ids", "mask", "position ids", "state", "scalar"]


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("meaning", MEANINGS)
@pytest.mark.parametrize("shape", [(2, 5), (), (1,), (1, 0, 4)])
def test_every_dtype_and_meaning_gives_an_array_that_is_not_all_zeros(dtype, meaning, shape):
    array = generate(Port("x", dtype, shape, meaning), 0)
    assert array.shape == shape
    assert array.dtype == NUMPY_TYPES[dtype]
    the_only_position_is_0 = meaning == "position ids" and array.size == 1
    assert array.size == 0 or array.any() or the_only_position_is_0


def test_the_same_seed_gives_the_same_values_and_another_one_others():
    port = Port("x", "float32", (100,))
    assert (generate(port, 1) == generate(port, 1)).all()
    assert (generate(port, 1) != generate(port, 2)).any()
    assert (generate(port, 1) != generate(Port("y", "float32", (100,)), 1)).any()


@given(limit=st.integers(1, 60_000), seed=st.integers(0, 10))
def test_token_ids_are_within_the_vocabulary(limit, seed):
    array = generate(Port("x", "int64", (1, 50), "token ids", "graph", limit), seed)
    assert array.min() >= 0
    assert array.max() < limit
    assert limit == 1 or array.any()


def test_token_ids_of_an_unknown_vocabulary_are_small():
    assert generate(Port("x", "int64", (1000,), "token ids"), 0).max() < 100


def test_a_mask_is_all_ones():
    for dtype in ("int64", "float32", "bool", "uint8"):
        assert (generate(Port("x", dtype, (2, 9), "mask"), 0) == 1).all()


def test_position_ids_count_along_the_last_axis():
    assert generate(Port("x", "int64", (2, 4), "position ids"), 0).tolist() == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert generate(Port("x", "int32", (5,), "position ids", "graph", 3), 0).tolist() == [0, 1, 2, 0, 1]


def test_states_are_small_but_not_zero():
    array = generate(Port("h", "float32", (2, 1, 64), "state"), 0)
    assert 0.0 < abs(array).max() <= 0.1


def test_the_range_of_the_card_is_kept():
    floats = generate(Port("x", "float32", (1000,)), 0, low=-0.5, high=2.0)
    assert floats.min() >= -0.5
    assert floats.max() <= 2.0
    assert floats.max() - floats.min() > 2.4
    assert set(generate(Port("x", "int64", (1000,)), 0, low=3, high=5).tolist()) == {3, 4, 5}
    assert generate(Port("x", "int64", (1000,), limit=4), 0, low=0, high=9).max() == 3


def test_quantised_data_uses_the_whole_range():
    assert np.ptp(generate(Port("x", "int8", (10_000,)), 0).astype(int)) == 255
    assert np.ptp(generate(Port("x", "uint8", (10_000,), "image"), 0).astype(int)) == 255


def test_an_integer_of_unknown_meaning_is_one():
    assert generate(Port("n", "int64", ()), 0) == 1


def test_bfloat16_holds_the_upper_half_of_a_float32():
    bits = generate(Port("x", "bfloat16", (1000,), "state"), 0).astype(np.uint32) << 16
    values = bits.view(np.float32)
    assert 0.0 < abs(values).max() <= 0.1


def test_float16_has_no_infinities():
    assert np.isfinite(generate(Port("x", "float16", (10_000,)), 0)).all()


def test_four_bit_integers_stay_in_their_range():
    array = generate(Port("x", "int4", (1000,)), 0)
    assert (array.min(), array.max()) == (-8, 7)


@pytest.mark.parametrize("dtype", ["sequence(float32)", "optional(float32)", "float4e2m1", ""])
def test_what_cannot_be_fed_is_refused_by_name(dtype):
    with pytest.raises(AssessError, match="'x'"):
        check_dtype(Port("x", dtype, ()))
