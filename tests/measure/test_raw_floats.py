import numpy as np
import onnx
import pytest

from assess.measure.raw_floats import as_floats


@pytest.mark.parametrize(
    ("dtype", "codes", "values"),
    [
        ("bfloat16", [0x3F80, 0xC000, 0x7F80, 0x0001], [1.0, -2.0, np.inf, 2.0**-133]),
        ("float8e4m3fn", [0x38, 0x7E, 0x7F, 0x01, 0x80], [1.0, 448.0, np.nan, 2.0**-9, -0.0]),
        ("float8e4m3fnuz", [0x40, 0x7F, 0x80, 0x01], [1.0, 240.0, np.nan, 2.0**-10]),
        ("float8e5m2", [0x3C, 0x7B, 0x7C, 0x7D, 0xFC], [1.0, 57344.0, np.inf, np.nan, -np.inf]),
        ("float8e5m2fnuz", [0x40, 0x7F, 0x80], [1.0, 57344.0, np.nan]),
    ],
)
def test_raw_bits_stand_for_these_values(dtype, codes, values):
    array = np.array(codes, np.uint16 if dtype == "bfloat16" else np.uint8)
    np.testing.assert_array_equal(as_floats(np, array, dtype), np.array(values, np.float32))


@pytest.mark.parametrize("name", ["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"])
def test_every_code_is_what_the_specifications_own_table_says(name):
    codes = np.arange(256, dtype=np.uint8)
    tensor = onnx.TensorProto(data_type=getattr(onnx.TensorProto, name), dims=[256], raw_data=codes.tobytes())
    found = onnx.numpy_helper.to_array(tensor)
    if found.dtype == np.uint8:
        pytest.skip("onnx reads 8-bit floats as values only from 1.19 on; this one gives their codes")
    expected = found.astype(np.float32)
    np.testing.assert_array_equal(as_floats(np, codes, name.lower()), expected)


def test_what_numpy_has_stays_as_it_is():
    array = np.array([1, 2], np.uint16)
    assert as_floats(np, array, "uint16") is array
    assert as_floats(np, array, "") is array
