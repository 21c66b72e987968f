"""What a worker offers, and addresses that are none."""

import builders
import pytest

from assess.describe.library import Library
from assess.errors import AssessError
from assess.lab.scheduler import checked_address, connected, is_open_to_others
from assess.lab.store import usual_folder
from assess.lab.worker import offered, recognised

PI = "raspberry-pi-5-8gb"
BOARD = builders.host(board="Raspberry Pi 5 Model B Rev 1.0", cpu="Cortex-A76", memory_bytes=8_200_000_000)


def test_a_host_offers_the_devices_that_it_is():
    assert recognised(Library(), lambda: BOARD) == (PI,)
    assert offered(Library(), (), lambda: BOARD) == (PI,)


def test_a_host_that_is_no_device_offers_what_is_named():
    nothing = builders.host(board="Nobody's", cpu="")
    with pytest.raises(AssessError, match="this host is recognised as none of the") as error:
        offered(Library(), (), lambda: nothing)
    assert error.value.hint == "name the device that it is to stand for: its runs are a proxy's, and reports say so"
    assert offered(Library(), (PI, PI), lambda: nothing) == (PI,)


def test_a_device_that_is_not_there_is_not_offered():
    with pytest.raises(AssessError, match="there is no device 'pi'"):
        offered(Library(), ("pi",), lambda: BOARD)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tls://scheduler:8786", "tcp://[::1]:1", "tcp://a.b-c:65535"]
)
def test_addresses(address):
    assert checked_address(address, "--lab") == address


@pytest.mark.parametrize(
    "address",
    ["", "scheduler", "http://a:1", "tcp://a", "tcp://a:0", "tcp://a:65536", "tcp:// a:1", "tcp://a:1/x", "ucx://a:1"],
)
def test_what_is_no_address_is_told_before_anything_is_tried(address):
    with pytest.raises(AssessError, match="is no address of a scheduler") as error:
        checked_address(address, "--lab")
    assert error.value.where == "--lab"


def test_an_address_without_tls_that_others_may_reach_is_known():
    reached = ["tcp://192.0.2.7:8786", "tcp://scheduler:8786", "tcp://0.0.0.0:1"]
    alone = ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786", "tls://scheduler:8786", "local"]
    assert [each for each in reached + alone if is_open_to_others(each)] == reached


def test_tls_without_certificates_is_told_with_where_they_are_named():
    with (
        pytest.raises(AssessError, match="which certificates to use") as error,
        connected("tls://127.0.0.1:9", "--lab"),
    ):
        pass
    assert error.value.hint == "name CA, certificate and key in Dask's configuration: docs/lab.md, TLS"


def test_models_are_kept_where_a_users_caches_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert usual_folder() == tmp_path / "assess" / "lab"
