import re
import subprocess
import sys

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
    assert [runtime.id for runtime in device.runtimes] == ["tensorrt-10", "onnxruntime-cuda", "onnxruntime-cpu"]
    assert list(device.fallbacks) == ["onnxruntime-cpu"]


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(AssessError, match=re.escape("there is no device 'jetson-orin-nano'")) as error:
        Library().device("jetson-orin-nano")
    assert error.value.hint.startswith("did you mean nvidia-jetson-orin-nano-8gb")
    assert error.value.hint.endswith("All of them: assess list devices")


def test_an_id_in_another_case_or_without_its_hyphens_is_named():
    with pytest.raises(AssessError) as error:
        Library().device("RaspberryPi5")
    assert error.value.hint.startswith("did you mean raspberry-pi-5-8gb")
    with pytest.raises(AssessError) as error:
        Library().find("SONY_PS5")
    assert error.value.hint == "did you mean 'sony-ps5'?"


def test_an_id_like_no_other_points_to_the_list():
    with pytest.raises(AssessError) as error:
        Library().workload("zzzzzz")
    assert error.value.hint == "assess list workloads"


def test_an_own_folder_comes_first(mine):
    assert Library([mine]).device("acme-rover").name == "ACME Rover"
    (mine / "devices" / "sony-ps5.toml").write_text(ROVER)
    assert Library([mine]).device("sony-ps5").name == "ACME Rover"
    assert Library().device("sony-ps5").name == "Sony PlayStation 5"


def test_a_file_that_hides_another_of_its_id_is_noted_once(mine):
    (mine / "devices" / "sony-ps5.toml").write_text(ROVER)
    library = Library([mine])
    library.device("acme-rover")
    assert library.notes == ()
    library.device("sony-ps5")
    library.device("sony-ps5")
    (note,) = library.notes
    assert note.startswith(f"{mine / 'devices' / 'sony-ps5.toml'} is used; it hides ")
    assert note.endswith("sony-ps5.toml")


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
    board = mine / "devices" / "My Board.toml"
    board.write_text(ROVER)
    for use in (lambda: Library([mine]).ids("devices"), lambda: Library().device(str(board))):
        with pytest.raises(AssessError, match="'My Board' is no id") as error:
            use()
        assert (error.value.where, error.value.hint) == (str(board), "rename it to my-board.toml")
    with pytest.raises(AssessError, match="there is no device 'acme-rove'"):
        Library([mine]).device("acme-rove")


def test_hidden_files_of_editors_and_systems_are_no_profiles(mine):
    (mine / "devices" / "._acme-rover.toml").write_text("")
    assert "acme-rover" in Library([mine]).ids("devices")


def test_an_unknown_runtime_is_told_with_its_line(mine, monkeypatch):
    monkeypatch.chdir(mine)
    (mine / "devices" / "acme-rover.toml").write_text(ROVER.replace("onnxruntime-cpu", "onnxruntime-cpus"))
    with pytest.raises(AssessError) as error:
        Library().device("devices/acme-rover.toml")
    assert str(error.value) == (
        "devices/acme-rover.toml:24: runtime[0].id: there is no runtime 'onnxruntime-cpus'; "
        "did you mean 'onnxruntime-cpu'?\n"
        ' 24 | id = "onnxruntime-cpus"\n'
        "    |      ^^^^^^^^^^^^^^^^^^"
    )


def test_an_unknown_fallback_is_told_with_its_line(mine):
    (mine / "runtimes").mkdir()
    text = 'name = "RT"\nversion = "1"\nsource = "manual"\nfallback = "onnxruntime-gpu"\n'
    (mine / "runtimes" / "acme-rt.toml").write_text(text)
    with pytest.raises(AssessError, match=r"acme-rt.toml:4: fallback: there is no runtime 'onnxruntime-gpu'"):
        Library([mine]).runtime("acme-rt")


def test_everything_unknown_that_a_partner_names_is_told_at_once(mine):
    (mine / "partners").mkdir()
    text = """name = "ACME"\nsummary = ""\nsource = "here"\ndevices = ["sony-ps5", "sony-ps6", "x.toml"]
workloads = ["camera-30hz"]\n[policy]\nlicences = ["MIT"]\n"""
    (mine / "partners" / "acme.toml").write_text(text)
    with pytest.raises(AssessError) as error:
        Library([mine]).partner("acme")
    heads = [line.split("acme.toml:4: ")[1] for line in str(error.value).splitlines() if "acme.toml:" in line]
    assert heads[0] == "devices[1]: there is no device 'sony-ps6'; did you mean 'sony-ps5'?"
    assert heads[1].startswith("devices[2]: there is no device 'x.toml'; ")


def test_a_kind_that_cannot_be_listed_names_its_ids():
    with pytest.raises(AssessError) as error:
        Library().suite("zzzzzz")
    assert error.value.hint == "there are automotive, demo, gaming, robotics, semiconductor"


def test_no_heavy_package_is_imported_to_read_a_file():
    code = "import sys, assess.describe.library; print({'onnx', 'onnxruntime', 'numpy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


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


def test_an_id_that_is_too_long_for_a_file_is_not_there():
    with pytest.raises(AssessError, match="there is no device"):
        Library().device("n" * 300)


def test_a_word_that_is_no_profile_names_the_nearest_of_any_kind_or_where_all_are():
    with pytest.raises(AssessError) as error:
        Library().find("camera-30h")
    assert error.value.hint == "did you mean 'camera-30hz'?"
    with pytest.raises(AssessError) as error:
        Library().find("zzzzzz")
    assert error.value.hint == "all of them: assess list devices, workloads, partners, runtimes or standards"


def test_a_file_that_is_there_twice_is_read_once(mine):
    library = Library([mine])
    first = library.device("acme-rover")
    (mine / "devices" / "acme-rover.toml").write_text("broken = ")
    assert library.device("acme-rover") == first
    assert Library([mine]).path("devices", "acme-rover") == mine / "devices" / "acme-rover.toml"


FAMILY = """\
name = "Student"
file = "full.onnx"
sha256 = "{full}"
licence = "MIT"
[[variant]]
id = "full"
file = "full.onnx"
sha256 = "{full}"
precision = "fp32"
parameters = 9
bytes = 99
[[variant]]
id = "half-int8"
file = "half-int8.onnx"
sha256 = "{half}"
precision = "int8"
parameters = 5
bytes = 55
score = {{ value = 0.9, low = 0.8, high = 0.95 }}
"""


def family(tmp_path, text=FAMILY, named="half-int8.onnx"):
    (tmp_path / "card.toml").write_text(text.format(full="ab" * 32, half="cd" * 32))
    return card_beside(tmp_path / named)


def test_a_card_belongs_to_every_file_of_its_family(tmp_path):
    card = family(tmp_path)
    assert card.sha256_of("half-int8.onnx") == "cd" * 32
    assert card.sha256_of("full.onnx") == "ab" * 32
    assert card.sha256_of("other.onnx") is None
    assert card.variant_of("half-int8.onnx").score.low == 0.8
    assert card_beside(tmp_path / "quarter.onnx") is None


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("low = 0.8", "low = 0.95", "variant[1].score: is not within its interval: low <= value <= high"),
        ('id = "half-int8"', 'id = "full"', "variant[1].id: 'full' is there twice"),
        ('file = "half-int8.onnx"', 'file = "full.onnx"', "variant[1].file: 'full.onnx' is there twice"),
        ('file = "full.onnx"', 'file = "all.onnx"', "file: 'all.onnx' is none of the variants' files"),
        ('sha256 = "{full}"', f'sha256 = "{"ef" * 32}"', "sha256: is not what the variant 'full' states for this file"),
        ('licence = "MIT"', 'licence = "MIT"\n[evaluation]', "evaluation: needs either 'task' or 'data'"),
        (
            'licence = "MIT"',
            'licence = "MIT"\n[evaluation]\ntask = "wafer-map"',
            "evaluation: needs 'count': how many items of the task",
        ),
        (
            'licence = "MIT"',
            'licence = "MIT"\n[evaluation]\ndata = "all.npz"',
            "evaluation: needs 'metric': how an output is scored",
        ),
    ],
)
def test_a_card_that_contradicts_itself_is_told(tmp_path, before, after, complaint):
    with pytest.raises(AssessError) as caught:
        family(tmp_path, FAMILY.replace(before, after, 1), named="full.onnx")
    assert complaint in str(caught.value)
