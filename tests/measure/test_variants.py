"""Other inputs than the run's: what they hold, what they leave alone and why."""

import builders
import numpy as np
import pytest

import assess.measure.variants
from assess.describe.card import Card
from assess.describe.model import Port
from assess.measure.inputs import prepare
from assess.measure.variants import Source, sample, vary

FLOAT = Port("x", "float32", (2, 3))


def card(**said):
    return Card.model_validate(
        {"name": "m", "file": "m.onnx", "sha256": "0" * 64, "licence": "MIT", "input": [{"name": "x", **said}]}
    )


def source(tmp_path, *ports, feeds=None, said=None, seed=0) -> Source:
    model = builders.model(inputs=ports)
    private = tmp_path / "private"
    private.mkdir()
    files = {}
    for name, array in (feeds or {}).items():
        files[name] = tmp_path / f"{name}-fed.npy"
        np.save(files[name], array)
    ready = prepare(model, private, seed=seed, feeds=files, card=said, card_folder=tmp_path, available_bytes=None)
    return Source(model, ready, seed, said, tmp_path)


def varied(tmp_path, *ports, **options):
    """Arrays by variant and input, and why others were left out."""
    found, left_out = vary(source(tmp_path, *ports, **options), tmp_path / "variants")
    arrays = {each.name: {name: np.load(file) for name, file in each.files.items()} for each in found}
    changed = {each.name: each.changed for each in found}
    assert all(set(each) == {port.name for port in ports} for each in arrays.values())
    return arrays, changed, left_out


def test_a_float_without_a_meaning_takes_all_variants_but_those_of_a_card(tmp_path):
    arrays, changed, left_out = varied(tmp_path, FLOAT, seed=7)
    assert list(arrays) == ["run", "seed 8", "seed 9", "seed 10", "zeros", "ones", "denormals"]
    assert changed["run"] == ()
    assert {each for name, each in changed.items() if name != "run"} == {("x",)}
    assert left_out == {"extremes": "'x' has no range on a card", "card": "the model has no card"}
    assert len({arrays[name]["x"].tobytes() for name in arrays}) == 7
    assert not arrays["zeros"]["x"].any()
    assert (arrays["ones"]["x"] == 1.0).all()
    assert all(each["x"].dtype == np.float32 and each["x"].shape == (2, 3) for each in arrays.values())


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 2.0**-1028), ("float32", 2.0**-132), ("float16", 2.0**-20)])
def test_denormals_are_positive_and_far_below_the_smallest_normal_number(tmp_path, dtype, largest):
    arrays, _, _ = varied(tmp_path, Port("x", dtype, (100, 100)))
    found = arrays["denormals"]["x"]
    assert found.dtype == dtype
    assert (found > 0).all()
    assert largest / 2 < found.max() <= largest
    assert found.max() < np.finfo(dtype).tiny


def test_types_that_numpy_lacks_get_the_bits_of_one_and_of_denormals(tmp_path):
    arrays, _, _ = varied(tmp_path, Port("x", "bfloat16", (8,)), Port("f", "float8e5m2", (8,)))
    assert (arrays["ones"]["x"] == 0x3F80).all()
    assert (arrays["ones"]["f"] == 0x3C).all()
    assert set(arrays["denormals"]["x"].tolist()) <= {1, 2}
    assert (arrays["denormals"]["f"] == 1).all()


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (Port("n", "int64", (1,)), "'n' is an integer of unknown meaning: perhaps a length"),
        (Port("m", "int64", (1, 4), "mask"), "'m' means mask: its value is part of the job"),
        (Port("m", "float32", (1, 4), "mask"), "'m' means mask: its value is part of the job"),
        (Port("p", "int64", (1, 4), "position ids", limit=8), "'p' means position ids: its value is part of the job"),
        (Port("s", "string", (2,)), "'s' is string, which no variant changes"),
        (Port("q", "uint4", (2, 2)), "'q' is uint4, which no variant changes"),
    ],
)
def test_what_may_not_change_stays_and_the_reason_is_given(tmp_path, port, why):
    _, left_out = vary(source(tmp_path, port), tmp_path / "variants")
    assert left_out["zeros"] == left_out["ones"] == left_out["denormals"] == why
    (tmp_path / "2").mkdir()
    arrays, changed, _ = varied(tmp_path / "2", FLOAT, port)
    for name in ("zeros", "ones", "denormals"):
        assert changed[name] == ("x",)
        np.testing.assert_array_equal(arrays[name][port.name], arrays["run"][port.name])


def test_a_variant_that_changes_nothing_is_left_out_with_its_reason(tmp_path):
    _, changed, left_out = varied(tmp_path, Port("n", "int64", (1,)))
    assert list(changed) == ["run"]
    assert left_out["zeros"] == "'n' is an integer of unknown meaning: perhaps a length"
    assert left_out["seed 1"] == "no input depends on the seed"


def test_a_model_without_inputs_has_no_variants(tmp_path):
    found, left_out = vary(source(tmp_path), tmp_path / "variants")
    assert [each.name for each in found] == ["run"]
    assert left_out["zeros"] == left_out["seed 1"] == "the model has no inputs"


def test_token_ids_stay_below_the_rows_of_their_table(tmp_path):
    arrays, changed, left_out = varied(tmp_path, Port("ids", "int64", (1, 64), "token ids", "graph", 5))
    assert set(changed) == {"run", "seed 1", "seed 2", "seed 3", "zeros", "ones"}
    assert all(each["ids"].min() >= 0 and each["ids"].max() < 5 for each in arrays.values())
    assert left_out["denormals"] == "'ids' is int64, which has no denormals"


def test_a_table_of_one_row_is_never_indexed_by_one(tmp_path):
    _, _, left_out = varied(tmp_path, Port("ids", "int64", (1, 4), "token ids", "graph", 1))
    assert left_out["ones"] == "'ids' must be below 1"
    assert left_out["zeros"] == "'ids' was fed it already"


def test_a_range_on_the_card_is_kept_to(tmp_path):
    arrays, _, left_out = varied(tmp_path, FLOAT, said=card(low=0.5, high=0.75))
    assert left_out["zeros"] == left_out["ones"] == left_out["denormals"] == "'x' lies between 0.5 and 0.75"
    assert left_out["card"] == "the card has no samples"
    assert set(arrays["extremes"]["x"].reshape(-1).tolist()) <= {0.5, 0.75}
    assert all(each["x"].min() >= 0.5 and each["x"].max() <= 0.75 for each in arrays.values())


def test_extremes_of_integers_stay_within_type_and_table(tmp_path):
    arrays, _, _ = varied(tmp_path, Port("x", "uint8", (50,)), said=card(low=-5, high=300))
    assert set(arrays["extremes"]["x"].tolist()) == {0, 255}
    (tmp_path / "2").mkdir()
    arrays, _, _ = varied(tmp_path / "2", Port("x", "int64", (50,), "", "", 4), said=card(low=0, high=9))
    assert set(arrays["extremes"]["x"].tolist()) == {0, 3}


def test_the_cards_samples_are_a_variant_where_the_run_was_fed_something_else(tmp_path):
    real = np.full((2, 3), 0.25, np.float32)
    np.save(tmp_path / "real.npy", real)
    arrays, changed, _ = varied(tmp_path, FLOAT, feeds={"x": np.ones((2, 3), np.float32)}, said=card(sample="real.npy"))
    assert changed["card"] == ("x",)
    np.testing.assert_array_equal(arrays["card"]["x"], real)
    (tmp_path / "2").mkdir()
    np.save(tmp_path / "2/real.npy", real)
    _, _, left_out = varied(tmp_path / "2", FLOAT, said=card(sample="real.npy"))
    assert left_out["card"] == "the run was fed the card's samples"


def test_a_given_integer_stays_and_a_given_float_is_varied(tmp_path):
    ids = np.array([[3, 1]], np.int64)
    ports = Port("ids", "int64", (1, 2), "token ids", "graph", 5), FLOAT
    arrays, changed, _ = varied(tmp_path, *ports, feeds={"ids": ids, "x": np.ones((2, 3), np.float32)})
    assert changed["seed 1"] == ("x",)
    np.testing.assert_array_equal(arrays["seed 1"]["ids"], ids)


def test_frames_for_a_reference_are_the_runs_own_and_other_seeds(tmp_path):
    frames = sample(source(tmp_path, FLOAT), tmp_path / "frames")
    assert [each.name for each in frames] == ["run", *(f"seed {seed}" for seed in range(1, 16))]
    assert len({np.load(each.files["x"]).tobytes() for each in frames}) == 16


def test_frames_that_would_all_be_the_same_are_one(tmp_path):
    fed = {"n": np.array([3], np.int64)}
    assert [each.name for each in sample(source(tmp_path, Port("n", "int64", (1,)), feeds=fed), tmp_path / "f")] == [
        "run"
    ]


def test_large_inputs_have_as_many_variants_as_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(assess.measure.variants, "_ROOM_BYTES", 3 * 24)
    _, changed, left_out = varied(tmp_path, FLOAT)
    assert list(changed) == ["run", "seed 1", "seed 2", "seed 3"]
    assert left_out["zeros"] == "the private folder has no room for more inputs"
    assert len(sample(source_again(tmp_path), tmp_path / "frames")) == 3


def source_again(tmp_path):
    (tmp_path / "again").mkdir()
    return source(tmp_path / "again", FLOAT)
