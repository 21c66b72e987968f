"""Where a command runs models, as `--on` and the inventory say."""

import builders
import pytest

from assess.cli.place import Here, There, devices_there, listener, place_of
from assess.errors import AssessError

LAB = '[[targets]]\nname = "desk"\naddress = "ssh://nvidia@orin"\ndevice = "acme-rover"\n'


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "lab.toml").write_text(LAB)
    return tmp_path / "lab.toml"


def test_without_a_target_it_is_here():
    place = place_of(None, None)
    assert isinstance(place, Here)
    assert (place.name, place.device, place.reach(), place.tell_sent()) == ("", "", None, None)
    assert place.host().cores >= 1


def test_an_inventory_without_a_target_is_refused(lab):
    with pytest.raises(AssessError, match="--inventory: names targets, and none is asked for"):
        place_of(None, lab)


def test_a_target_is_reached_when_something_is_wanted_of_it(lab):
    place = place_of("desk", lab)
    assert isinstance(place, There)
    assert (place.name, place.device) == ("desk", "acme-rover")
    place.tell_sent()  # Nothing was.


def test_a_target_of_another_device_is_refused(lab):
    place = place_of("desk", lab)
    place.require([builders.device()])
    place.require([builders.device(id="other"), builders.device()])
    place.require([builders.device(id="acme-rover-15w", extends="acme-rover")])
    with pytest.raises(AssessError) as told:
        place.require([builders.device(id="other"), builders.device(id="third")])
    assert told.value.problem == "desk is a acme-rover, asked for is other, third"
    assert "--device acme-rover" in told.value.hint


def test_a_target_without_a_device_may_be_any():
    place_of("ssh://nvidia@orin", None).require([builders.device()])


def test_the_device_of_a_target_is_meant_where_none_is_named(lab):
    place = place_of("desk", lab)
    assert devices_there(place, None, None) == ["acme-rover"]
    assert devices_there(place, ["other"], None) == ["other"]
    assert devices_there(place, None, builders.partner()) is None
    assert devices_there(Here(), None, None) is None


def test_what_is_waited_for_is_told_once_for_each_holder(capsys):
    tell = listener().wait
    for text in ("waiting for mio, since 1 s", "waiting for mio, since 2 s", "waiting for ken\x1b[2J, since 1 s"):
        tell(text)
    said = capsys.readouterr().err
    assert said.splitlines()[0] == "waiting for mio, since 1 s"
    assert len(said.splitlines()) == 2 and "\x1b" not in said
