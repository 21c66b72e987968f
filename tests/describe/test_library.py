import re

import pytest
from test_authored import ROVER

from assess.describe.library import Library, card_beside
from assess.errors import AssessError


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "acme-rover.toml").write_text(ROVER)
    return tmp_path


def test_a_device_comes_with_its_runtimes_and_their_fallbacks():
    device = Library().device("nvidia-jetson-orin-nano-8gb")
    assert [runtime.id for runtime in device.runtimes] == ["tensorrt-10", "onnxruntime-cpu"]
    assert list(device.fallbacks) == ["onnxruntime-cpu"]


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(AssessError, match=re.escape("there is no device 'jetson-orin-nano'")) as error:
        Library().device("jetson-orin-nano")
    assert "nvidia-jetson-orin-nano-8gb" in error.value.hint


def test_an_id_like_no_other_points_to_the_list():
    with pytest.raises(AssessError) as error:
        Library().workload("zzzzzz")
    assert error.value.hint == "assess list workloads"


def test_an_own_folder_comes_first(mine):
    assert Library([mine]).device("acme-rover").name == "ACME Rover"
    (mine / "devices" / "sony-ps5.toml").write_text(ROVER)
    assert Library([mine]).device("sony-ps5").name == "ACME Rover"
    assert Library().device("sony-ps5").name == "Sony PlayStation 5"


def test_a_path_is_as_good_as_an_id(mine):
    assert Library().device(str(mine / "devices" / "acme-rover.toml")).id == "acme-rover"


def test_a_device_given_by_path_finds_runtimes_beside_it(mine):
    (mine / "runtimes").mkdir()
    (mine / "runtimes" / "acme-rt.toml").write_text('name = "RT"\nversion = "1"\nsource = "manual"\n')
    path = mine / "devices" / "acme-rover.toml"
    path.write_text(ROVER.replace('id = "onnxruntime-cpu"', 'id = "acme-rt"'))
    assert Library().device(str(path)).runtimes[0].name == "RT"


def test_a_broken_neighbour_does_not_stop_another(mine):
    (mine / "devices" / "broken.toml").write_text("name = ")
    assert Library([mine]).device("acme-rover")
    with pytest.raises(AssessError, match="not TOML"):
        Library([mine]).device("broken")


def test_a_file_whose_name_is_no_id_fails_loudly(mine):
    (mine / "devices" / "My Board.toml").write_text(ROVER)
    with pytest.raises(AssessError, match="'My Board' is no id"):
        Library([mine]).ids("devices")


@pytest.mark.parametrize("id_", ["../devices/sony-ps5", "/etc/passwd", "a/b", ""])
def test_an_id_is_no_path(id_):
    with pytest.raises(AssessError, match="there is no device"):
        Library().device(id_)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(AssessError, match="is not a folder"):
        Library([tmp_path / "none"])


def test_a_card_belongs_to_the_file_that_it_names(tmp_path):
    (tmp_path / "card.toml").write_text(
        f'name = "x"\nsummary = ""\nfile = "m.onnx"\nsha256 = "{"a" * 64}"\nlicence = "MIT"\nsource = ""\n'
    )
    assert card_beside(tmp_path / "m.onnx").licence == "MIT"
    assert card_beside(tmp_path / "other.onnx") is None
    assert card_beside(tmp_path.parent / "m.onnx") is None
