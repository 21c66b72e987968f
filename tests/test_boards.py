"""Boards that targets are tested on are what they claim to be: real ssh, links that break, another architecture."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PI = "Raspberry Pi 5 Model B Rev 1.0"


def started(board, command):
    """A session of its own, and its ssh."""
    words = ["ssh", "-F", str(board.config), "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2", board.name]
    return subprocess.Popen([*words, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def soon(what, within_s=10.0):
    until = time.monotonic() + within_s
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


@pytest.fixture(params=["plain", "linked", "busybox"])
def board(request):
    return request.getfixturevalue(f"{request.param}_board")


def test_a_command_gets_its_input_and_gives_its_output_and_its_exit_code(board):
    done = board.run("cat; echo told >&2; exit 7", input="over ssh")
    assert (done.stdout, done.stderr, done.returncode) == ("over ssh", "told\n", 7)


def test_a_session_begins_in_a_home_of_the_boards_own(board):
    board.run("mkdir -p ~/.cache/assess-target && echo mine > ~/.cache/assess-target/file")
    assert (board.home / ".cache/assess-target/file").read_text() == "mine\n"
    assert not board.home.is_relative_to(Path.home())


def test_nothing_of_the_users_own_ssh_is_asked_or_written(board):
    said = subprocess.run(["ssh", "-G", "-F", board.config, board.name], capture_output=True, text=True).stdout
    used = dict(line.split(maxsplit=1) for line in said.splitlines() if " " in line)
    assert used["stricthostkeychecking"] == "true"
    for key in ("userknownhostsfile", "identityfile"):
        assert Path(used[key]).parent == board.config.parent


def test_a_process_that_outlives_its_session_is_seen_until_it_ends(board):
    assert board.processes() == []
    board.run("sleep 4242 >/dev/null 2>&1 </dev/null &")
    (left,) = board.processes()
    assert "4242" in left.command
    board.run("kill $(ps | grep '[4]242' | awk '{print $1}' | head -1) 2>/dev/null || kill $(pgrep -f '[4]242')")
    assert soon(lambda: board.processes() == [])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linked"])
def test_a_cut_link_ends_the_session_here_and_closes_its_input_there(kind, request):
    board = request.getfixturevalue(f"{kind}_board")
    with started(board, "echo ready; cat; echo over > ended; sleep 4343") as session:
        assert session.stdout.readline() == "ready\n"
        began = time.monotonic()
        board.cut()
        try:
            assert session.wait(timeout=20) == 255
            assert time.monotonic() - began < 10
            refused = board.run("true", timeout=30)
            assert refused.returncode == 255
            # A host behind a cut link does not learn of it; the one whose session was killed does.
            assert soon(lambda: (board.home / "ended").exists(), 2) == (kind == "plain")
        finally:
            board.restore()
    assert board.run("echo again").stdout == "again\n"
    board.run("rm -f ended; pkill -f '[4]343' || true; pkill -x cat || true")


def test_a_wiped_board_is_as_new(board):
    board.run("mkdir -p .cache/x && sleep 4444 >/dev/null 2>&1 </dev/null &")
    board.wipe()
    assert soon(lambda: board.processes() == [])
    assert board.run("ls -A").stdout == ""


def test_another_host_key_is_refused_and_no_command_is_run(plain_board):
    config = plain_board.config_of_another_host_key()
    done = subprocess.run(
        ["ssh", "-F", config, "-o", "BatchMode=yes", plain_board.name, "touch reached"], capture_output=True, text=True
    )
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr
    assert not (plain_board.home / "reached").exists()


def test_another_user_key_is_denied(plain_board):
    config = plain_board.config_of_another_user_key()
    done = subprocess.run(
        ["ssh", "-F", config, "-o", "BatchMode=yes", plain_board.name, "true"], capture_output=True, text=True
    )
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_a_linked_board_is_not_on_this_hosts_loopback(linked_board):
    names = linked_board.run("cat /proc/net/dev").stdout
    assert "eth" not in names and linked_board.host.startswith("198.18.")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", 22022), timeout=1)


def test_a_full_board_has_room_for_a_model_and_none_for_a_runtime(full_board):
    small = full_board.run("head -c 1000000 /dev/zero > small && wc -c < small")
    assert small.stdout.strip() == "1000000"
    large = full_board.run("head -c 20000000 /dev/zero > large")
    assert large.returncode != 0 and "No space left on device" in large.stderr
    full_board.run("rm -f small large")
    assert full_board.run("df -Pk . | tail -1").stdout.split()[1] == "4096"


def test_a_board_of_busybox_has_tar_and_gzip_and_no_python(busybox_board):
    assert busybox_board.run("python3 --version").returncode == 127
    assert busybox_board.run("mkdir -p a && echo x > a/b && tar -czf a.tgz a && tar -tzf a.tgz").stdout == "a/\na/b\n"
    assert busybox_board.run("df -Pk . | tail -1").stdout.split()[-1] == "/"


@pytest.mark.parametrize("architecture", ["armv7l", "riscv64"])
def test_a_board_of_another_architecture_says_so(architecture, request):
    board = request.getfixturevalue(f"{architecture}_board")
    assert board.run("uname -m; uname -s").stdout == f"{architecture}\nLinux\n"


#: AT_HWCAP is told by the emulator, by the core that it stands for; bit 20 is the dot product.
DOT_PRODUCT = "import ctypes; print(ctypes.CDLL(None).getauxval(16) >> 20 & 1)"
LOOK = """
import os, platform
print(platform.machine(), platform.libc_ver()[0], os.path.exists("/proc/self/status"))
"""


@pytest.mark.slow
def test_the_emulated_board_is_a_raspberry_pi_to_all_that_asks(arm64_board):
    said = arm64_board.run(
        "uname -m; tr -d '\\0' < /sys/firmware/devicetree/base/model; echo; cat /proc/cpuinfo"
    ).stdout
    assert said.splitlines()[:2] == ["aarch64", PI]
    assert "asimddp" in said and f"Model\t: {PI}" in said and "GenuineIntel" not in said and "AuthenticAMD" not in said
    assert arm64_board.run("python3 -", input=LOOK).stdout == "aarch64 glibc True\n"
    assert arm64_board.run("df -Pk ~ | tail -1").stdout.split()[-1] == "/"


@pytest.mark.slow
def test_what_the_emulated_board_runs_is_seen_from_here(arm64_board):
    with started(arm64_board, "python3 -c 'import sys; print(1, flush=True); sys.stdin.read()'") as session:
        assert session.stdout.readline() == "1\n"
        assert any("python3" in process.command for process in arm64_board.processes())
        session.stdin.close()
        assert session.wait(timeout=30) == 0
    assert soon(lambda: arm64_board.processes() == [])


@pytest.mark.slow
def test_the_emulated_pi_4_has_no_dot_product_and_claims_none(arm64_pi4_board):
    assert arm64_pi4_board.run(f"python3 -c '{DOT_PRODUCT}'").stdout == "0\n"
    said = arm64_pi4_board.run("cat /proc/cpuinfo /sys/firmware/devicetree/base/model").stdout
    assert "asimddp" not in said and "Raspberry Pi 4 Model B" in said


@pytest.mark.slow
def test_the_old_core_lacks_what_its_kernel_claims(arm64_old_board):
    assert arm64_old_board.run(f"python3 -c '{DOT_PRODUCT}'").stdout == "0\n"
    assert "asimddp" in arm64_old_board.run("cat /proc/cpuinfo").stdout


@pytest.mark.slow
def test_boards_can_be_kept_up_by_hand_and_leave_nothing(tmp_path):
    words = [sys.executable, "-m", "boards", "plain", "armv7l"]
    here = Path(__file__).parent
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(here.parent), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, cwd=here, env=environment, stdout=subprocess.PIPE, text=True) as up:
        lines = []
        for line in up.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        configs = [line.rpartition("=")[2] for line in lines if line.startswith("export")]
        done = subprocess.run(["ssh", "-F", configs[1], "board-armv7l", "uname -m"], capture_output=True, text=True)
        up.terminate()
        assert up.wait(timeout=20) == 0
    assert done.stdout == "armv7l\n"
    assert list(tmp_path.iterdir()) == []
