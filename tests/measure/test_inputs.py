"""What the model is fed, and what is refused before anything runs."""

import hashlib
from pathlib import Path

import builders
import numpy as np
import pytest

from assess.describe.card import CardInput
from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.inputs import prepare

IMAGE = Port("image", "float32", (1, 2, 3), "image", "graph")


class Card:
    """As much of a card as inputs need."""

    def __init__(self, *inputs):
        self.input = inputs


def prepared(tmp_path, *ports, feeds=None, card=None, available=10**9, seed=0):
    folder = tmp_path / "private"
    folder.mkdir()
    return prepare(
        builders.model(inputs=ports), folder, seed=seed, feeds=feeds or {}, card=card, card_folder=tmp_path,
        available_bytes=available,
    )  # fmt: skip


def refused(*arguments, **options):
    with pytest.raises(AssessError) as caught:
        prepared(*arguments, **options)
    return str(caught.value)


def saved(path: Path, array) -> Path:
    np.save(path, array)
    return path


def test_a_generated_input_is_written_and_recorded(tmp_path):
    (feed,) = prepared(tmp_path, IMAGE)
    array = np.load(feed.file)
    assert array.shape == (1, 2, 3)
    assert (feed.used.name, feed.used.dtype, feed.used.shape, feed.used.source) == (
        "image", "float32", (1, 2, 3), "generated",
    )  # fmt: skip
    assert feed.used.sha256 == hashlib.sha256(array.tobytes()).hexdigest()


def test_a_file_is_fed_as_it_is(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    (feed,) = prepared(tmp_path, IMAGE, feeds={"image": saved(tmp_path / "frame.npy", array)})
    assert (np.load(feed.file) == array).all()
    assert feed.used.source == "frame.npy"


@pytest.mark.parametrize("make", [np.asfortranarray, lambda array: array.astype(">f4")])
def test_the_order_of_axes_and_bytes_in_a_file_does_not_matter(tmp_path, make):
    array = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    (feed,) = prepared(tmp_path, IMAGE, feeds={"image": saved(tmp_path / "frame.npy", make(array))})
    loaded = np.load(feed.file)
    assert (loaded == array).all()
    assert loaded.flags.c_contiguous
    assert loaded.dtype.isnative


def test_a_wrong_name_is_refused_with_the_near_one(tmp_path):
    text = refused(tmp_path, IMAGE, feeds={"imgae": tmp_path / "x.npy"})
    assert text == "--input: the model has no input 'imgae' (hint: did you mean 'image'?)"


def test_a_wrong_name_in_the_card_is_refused(tmp_path):
    assert "card: the model has no input 'zzz'" in refused(
        tmp_path, IMAGE, card=Card(CardInput(name="zzz", meaning=""))
    )


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.zeros((1, 2, 4), np.float32), "has shape 1x2x4, 'image' needs 1x2x3"),
        (np.float32(0), "has shape of a scalar, 'image' needs 1x2x3"),
        (np.zeros((1, 2, 3), np.float64), "has type float64, 'image' needs float32"),
        (np.zeros((1, 2, 3), ">i4"), "has type int32, 'image' needs float32"),
        (np.zeros((1, 2, 3), [("a", "f4")]), "needs float32"),
    ],
)
def test_a_wrong_shape_or_type_is_refused(tmp_path, array, problem):
    assert problem in refused(tmp_path, IMAGE, feeds={"image": saved(tmp_path / "x.npy", array)})


def test_a_file_that_is_missing_or_none_of_numpys_is_refused(tmp_path):
    assert "cannot be read" in refused(tmp_path, IMAGE, feeds={"image": tmp_path / "none.npy"})
    (tmp_path / "private").rmdir()
    (tmp_path / "text.npy").write_text("hello")
    assert "is not a .npy file" in refused(tmp_path, IMAGE, feeds={"image": tmp_path / "text.npy"})
    (tmp_path / "private").rmdir()
    (tmp_path / "empty.npy").write_bytes(b"")
    assert "is not a .npy file" in refused(tmp_path, IMAGE, feeds={"image": tmp_path / "empty.npy"})


def test_a_pickle_is_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    assert "is not a .npy file of plain" in refused(tmp_path, IMAGE, feeds={"image": tmp_path / "trap.npy"})
    assert not (tmp_path / "sprung").exists()


def test_an_archive_of_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros(1))
    assert "holds several arrays" in refused(tmp_path, IMAGE, feeds={"image": tmp_path / "x.npz"})


def test_the_cards_sample_is_fed(tmp_path):
    array = np.full((1, 2, 3), 0.25, np.float32)
    saved(tmp_path / "sample.npy", array)
    (feed,) = prepared(tmp_path, IMAGE, card=Card(CardInput(name="image", meaning="image", sample="sample.npy")))
    assert (np.load(feed.file) == array).all()
    assert feed.used.source == "card"


def test_a_sample_outside_the_cards_folder_is_refused(tmp_path):
    card = Card(CardInput(name="image", meaning="image", sample="../../etc/passwd"))
    assert "outside the card's folder" in refused(tmp_path, IMAGE, card=card)


def test_the_cards_range_and_meaning_are_used(tmp_path):
    said = CardInput(name="image", meaning="image", low=5.0, high=6.0)
    (feed,) = prepared(tmp_path, IMAGE, card=Card(said))
    assert np.load(feed.file).min() >= 5.0
    assert feed.used.source == "card"


def test_a_file_goes_before_the_card(tmp_path):
    array = np.ones((1, 2, 3), np.float32)
    said = CardInput(name="image", meaning="image", sample="none.npy")
    (feed,) = prepared(tmp_path, IMAGE, card=Card(said), feeds={"image": saved(tmp_path / "mine.npy", array)})
    assert feed.used.source == "mine.npy"


def test_inputs_larger_than_memory_are_refused_before_they_are_made(tmp_path):
    large = Port("large", "float32", (1_000_000, 1_000_000, 1_000))
    text = refused(tmp_path, IMAGE, large)
    assert "do not fit into memory twice, as making them needs: 'large' alone has 4e+06 GB, 1 GB are available" in text


def test_a_sequence_is_refused_by_name(tmp_path):
    assert "input 'x' is sequence(float32)" in refused(tmp_path, Port("x", "sequence(float32)", ()))


def test_names_of_inputs_are_not_names_of_files(tmp_path):
    feeds = prepared(tmp_path, Port("../a/b", "float32", (1,)), Port("..", "float32", (1,)))
    assert [feed.file.parent for feed in feeds] == [tmp_path / "private"] * 2


def test_strings_are_fed_from_a_file(tmp_path):
    port = Port("text", "string", (2,))
    (feed,) = prepared(tmp_path, port, feeds={"text": saved(tmp_path / "t.npy", np.array(["a", "böse"]))})
    assert np.load(feed.file).tolist() == ["a", "böse"]


@pytest.mark.parametrize("dtype", [np.uint16, "V2"])
def test_bfloat16_is_fed_as_raw_bits(tmp_path, dtype):
    bits = np.array([0x3F80, 0x4000], np.uint16)
    (feed,) = prepared(tmp_path, Port("x", "bfloat16", (2,)), feeds={"x": saved(tmp_path / "x.npy", bits.view(dtype))})
    assert np.load(feed.file).tolist() == [0x3F80, 0x4000]


def test_four_bit_integers_are_packed_two_to_a_byte(tmp_path):
    values = np.array([1, -1, -8], np.int8)
    (feed,) = prepared(tmp_path, Port("x", "int4", (3,)), feeds={"x": saved(tmp_path / "x.npy", values)})
    assert np.load(feed.file).tolist() == [0xF1, 0x08, 0x00]


def test_a_sample_rate_is_one_that_models_are_trained_at(tmp_path):
    from assess.measure.generate import generate

    rate = Port("sr", "int64", (), "sample rate", "name")
    assert generate(rate, seed=0) == 16_000
