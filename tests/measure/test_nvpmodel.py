"""nvpmodel's files of a Jetson, and damaged ones."""

import pytest

from assess.measure.nvpmodel import Mode, current, modes

CONF = (
    "< PM_CONFIG DEFAULT=2 >\n< POWER_MODEL ID=0 NAME=15W >\nCPU_ONLINE CORE_0 1\n<POWER_MODEL ID=2 NAME=MAXN_SUPER>\n"
)
FILE, STATUS = "/etc/nvpmodel.conf", "/var/lib/nvpmodel/status"


@pytest.fixture
def jetson(tmp_path):
    def write(status, conf=CONF):
        for name, text in ((STATUS, status), (FILE, conf)):
            file = tmp_path / name[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def test_modes_are_in_the_file_s_order(jetson):
    assert modes(jetson("")) == (Mode(0, "15W", FILE), Mode(2, "MAXN_SUPER", FILE))


@pytest.mark.parametrize(
    ("status", "mode"),
    [
        ("pmode:0002 fmode:quiet\n", Mode(2, "MAXN_SUPER", f"{STATUS} and {FILE}")),
        ("pmode:0000\n", Mode(0, "15W", f"{STATUS} and {FILE}")),
        ("pmode:0008\n", Mode(8, "mode 8", STATUS)),
        ("pmode:x\n", None),
        (f"pmode:{'9' * 5000}\n", None),
    ],
)
def test_the_status_has_a_number_and_the_configuration_its_name(jetson, status, mode):
    assert current(jetson(status)) == mode


def test_a_name_that_could_steer_a_terminal_is_none(jetson):
    root = jetson("pmode:0000\n", "< POWER_MODEL ID=0 NAME=\x1b[31mMAXN >\n")
    assert (modes(root), current(root)) == ((), Mode(0, "mode 0", STATUS))


def test_a_board_without_nvpmodel_has_no_mode(tmp_path):
    assert (modes(tmp_path), current(tmp_path)) == ((), None)
