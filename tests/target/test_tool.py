"""A vendor's tool on a board by plain ssh: bounded, alone there, and gone with all that it began, however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from on_target import environment, soon

from assess.describe.address import Address, parse_address
from assess.describe.graph import describe
from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.measure.board_lock import board_lock
from assess.measure.measurement import Settings
from assess.measure.reached import CommandRan
from assess.pipeline import Subject
from assess.target import tool as module
from assess.target.link import Link, Ran
from assess.target.probe import Probed, probe
from assess.target.tool import SshMachine, ToolBoard, run_tool_on, ssh_machine

TARGET = Target(name="desk", address="ssh://board")
#: As ssh is: what it runs is another session, which learns of its end by a closed standard input.
CLIENT = """
import os, subprocess, sys, threading
far = subprocess.Popen(["/bin/sh", "-c", sys.argv[1]], stdin=subprocess.PIPE, start_new_session=True)
def pass_on():
    while data := os.read(0, 65536):
        os.write(far.stdin.fileno(), data)
    far.stdin.close()
threading.Thread(target=pass_on, daemon=True).start()
code = far.wait()
sys.stdout.flush()
os._exit(code if code >= 0 else 255)
"""
LATENCIES = "sh -c 'for each in $(seq 20); do echo 2.5 ms; done'"


class Local:
    """In place of a link: a shell of this machine is the far end."""

    address = Address("board")

    def __init__(self, *, noise="", path="/usr/bin:/bin", lost=False):
        self.noise, self.path, self.lost, self.asked = noise, path, lost, []

    def start(self, command, stderr):
        self.asked.append(command)
        words = [sys.executable, "-I", "-S", "-c", CLIENT, f"{self.noise}\n{command}"]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                                start_new_session=True, env={"PATH": self.path})  # fmt: skip

    def run(self, command, *, stdin=b"", timeout_s=60.0, most_bytes=2**20):
        if self.lost:
            raise self.failure("Timeout, server board not responding.")
        words = ["/bin/sh", "-c", f"{self.noise}\n{command}"]
        done = subprocess.run(words, input=stdin, capture_output=True, env={"PATH": self.path}, timeout=timeout_s)
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def is_lost(self):
        return self.lost

    def failure(self, said):
        return Link(self.address, {}).failure(said)


@pytest.fixture(autouse=True)
def interruptible():
    """Ctrl-C is heard, also where tests are run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """The board's lock, of this test alone."""
    monkeypatch.setattr(module, "LOCK", f"..{tmp_path}/lock")
    return tmp_path / "lock"


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "run").mkdir()
    return SshMachine(Local(), str(tmp_path / "run"))


@pytest.fixture
def subject(tmp_path):
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ends[:1], ends[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "relu.onnx"
    path.write_bytes(made.SerializeToString())
    return Subject(path, None, tmp_path, describe(path, dims={}))


def board(tmp_path, link=None, **target):
    (tmp_path / "board").mkdir(exist_ok=True)
    probed = Probed("aarch64", "Linux", "6.1", folder=str(tmp_path / "board"))
    return ToolBoard(TARGET.model_copy(update=target), link or Local(), probed)


def measure(there, subject, command=LATENCIES, **how):
    settings = Settings(runner="command", runner_command=command, timeout_s=how.pop("timeout_s", 30.0),
                        min_count=10, min_duration_s=0.0)  # fmt: skip
    return run_tool_on(there, subject, builders.job(kind="single"), settings, feeds={}, **how)


def is_there(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def written(path):
    """What a command writes to a file, once it has."""
    assert soon(lambda: path.exists() and path.read_text().strip(), 10)
    return path.read_text().strip()


def interrupt_soon(when=0.5):
    threading.Timer(when, os.kill, (os.getpid(), signal.SIGINT)).start()


# A machine at the end of a link.


def test_programs_are_found_by_name_or_path(machine):
    assert machine.find("sh") in ("/bin/sh", "/usr/bin/sh")
    assert machine.find("/bin/sh") == "/bin/sh"
    assert machine.find("no-such-tool; echo /x") == ""


def test_a_file_is_sent_once_and_its_neighbours_stay_neighbours(machine, tmp_path):
    folder = tmp_path / "it's mine $HOME"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(b"graph")
    (folder / "a.data").write_bytes(b"weights")
    graph, weights = (machine.place(folder / name) for name in ("a.onnx", "a.data"))
    assert Path(graph).parent == Path(weights).parent and Path(weights).read_bytes() == b"weights"
    assert graph.startswith(f"{tmp_path}/run/files/")
    assert machine.sent_bytes == 12
    assert machine.place(folder / "a.onnx") == graph
    assert machine.sent_bytes == 12


def test_a_file_of_another_size_is_sent_again(machine, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"1")
    machine.place(tmp_path / "a.bin")
    (tmp_path / "a.bin").write_bytes(b"22")
    assert Path(machine.place(tmp_path / "a.bin")).read_bytes() == b"22"


def test_a_file_that_cannot_be_read_here_or_written_there_is_told(machine, tmp_path):
    with pytest.raises(AssessError, match=r"none\.bin: cannot be read: No such file"):
        machine.place(tmp_path / "none.bin")
    (tmp_path / "a.bin").write_bytes(b"1")
    (tmp_path / "run/files").write_text("a file where a folder is to be")
    with pytest.raises(AssessError, match="cannot be sent: "):
        machine.place(tmp_path / "a.bin")


def test_a_tool_ends_by_itself_and_its_words_arrive_as_they_are(machine):
    words = ["printf", "%s|", "it's", "$HOME `x`", '"', "", "a  b", "\\n", "ü"]
    ran = machine.run(words, 30.0)
    assert (ran.ended, ran.code, ran.out, ran.err) == ("by itself", 0, "it's|$HOME `x`|\"||a  b|\\n|ü|", "")


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -SEGV $$", -11), ("kill -9 $$", -9),
                                              ("exit 200", 200), ("exit 255", 255)])  # fmt: skip
def test_what_it_ended_with_is_told_signals_too(machine, script, code):
    ran = machine.run(["sh", "-c", f"echo why >&2; {script}"], 30.0)
    assert (ran.ended, ran.code) == ("by itself", code)
    assert ran.err == "why\n"


def test_a_tool_that_hangs_is_ended_there_with_all_that_it_began(machine, tmp_path):
    begun = time.monotonic()
    ran = machine.run(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/tool; wait"], 0.5)
    assert (ran.ended, ran.code) == ("hung", None)
    assert time.monotonic() - begun < 10
    pids = [written(tmp_path / name) for name in ("child", "tool")]
    assert soon(lambda: not any(map(is_there, pids)), 10)


def test_a_tool_that_does_not_hear_is_killed(machine, tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/tool; while :; do sleep 0.1; done"
    assert machine.run(["sh", "-c", script], 0.5).ended == "hung"
    assert soon(lambda: not is_there(written(tmp_path / "tool")), 10)


def test_what_a_tool_leaves_running_at_its_end_is_gone(machine, tmp_path):
    script = f"sleep 60 >/dev/null 2>&1 & echo $! > {tmp_path}/child"
    assert machine.run(["sh", "-c", script], 30.0).code == 0
    assert soon(lambda: not is_there(written(tmp_path / "child")), 5)


def test_a_tool_that_floods_is_ended(machine, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_PRINTED_BYTES", 100_000)
    ran = machine.run(["sh", "-c", f"echo $$ > {tmp_path}/tool; exec yes"], 30.0)
    assert (ran.ended, ran.code) == ("flooded", None)
    assert len(ran.out) <= 100_000
    assert soon(lambda: not is_there(written(tmp_path / "tool")), 10)


def test_ctrl_c_ends_it_there_and_keeps_what_it_had_printed(machine, tmp_path):
    interrupt_soon()
    ran = machine.run(["sh", "-c", f"echo 2 ms; echo $$ > {tmp_path}/tool; exec sleep 60"], 30.0)
    assert (ran.ended, ran.signal, ran.out) == ("stopped", "SIGINT", "2 ms\n")
    assert soon(lambda: not is_there(written(tmp_path / "tool")), 10)


def test_a_link_that_is_lost_in_the_middle_is_told_as_that(machine):
    class Breaks(Local):
        def start(self, command, stderr):
            self.lost = True
            said = "echo 2 ms; echo 'Timeout, server board not responding.' >&2; exit 255"
            return super().start(said, stderr)

    with pytest.raises(AssessError, match="the connection failed: Timeout, server board not responding"):
        replace(machine, link=Breaks()).run(["./bench"], 30.0)


def test_what_it_wrote_is_read_up_to_a_limit(machine, tmp_path):
    file = tmp_path / "run/it's times.json"
    file.write_bytes(bytes(range(256)))
    assert machine.read(str(file), 256) == bytes(range(256))
    assert machine.read(str(tmp_path / "none"), 256) is None
    with pytest.raises(AssessError, match="has more than 0 MiB"):
        machine.read(str(file), 255)
    with pytest.raises(AssessError, match="cannot be read: "):
        machine.read(str(tmp_path), 255)


# Its folder.


def test_a_run_has_a_folder_of_its_own_that_is_gone_with_it(tmp_path):
    there = board(tmp_path)
    with ssh_machine(there) as first, ssh_machine(there) as second:
        assert first.folder != second.folder
        for each in (first, second):
            assert Path(each.folder).parent == tmp_path / "board"
            assert Path(each.folder).stat().st_mode & 0o777 == 0o700
            (Path(each.folder) / "left").touch()
    assert list((tmp_path / "board").iterdir()) == []
    with pytest.raises(ZeroDivisionError), ssh_machine(there):
        raise ZeroDivisionError
    assert list((tmp_path / "board").iterdir()) == []


def test_a_board_without_a_place_for_us_has_one_for_temporary_files(tmp_path):
    there = replace(board(tmp_path), probed=Probed("aarch64", "Linux"))
    with ssh_machine(there) as machine:
        assert machine.folder.startswith("/tmp/tool-")
    assert not Path(machine.folder).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    there = replace(board(tmp_path), probed=Probed("aarch64", "Linux", folder=str(tmp_path / "none")))
    with pytest.raises(AssessError, match=r"desk: no folder can be made there: .*No such file"), ssh_machine(there):
        raise AssertionError("it was made")


def test_what_a_login_prints_is_no_folder(tmp_path):
    with ssh_machine(board(tmp_path, Local(noise="echo Welcome"))) as machine:
        assert Path(machine.folder).is_dir()


def test_a_link_that_is_lost_at_the_end_hides_nothing_that_was_told_before(tmp_path):
    there = board(tmp_path)
    with pytest.raises(AssessError, match="the first problem"), ssh_machine(there):
        there.link.lost = True
        raise AssessError("the first problem")


# Its lock.


def alone(there, told=None):
    return module._alone_there(there, (told if told is not None else []).append)


def held(path, who="mio at rack"):
    return board_lock(who, 0.0, print, path=path)


def test_the_board_is_held_for_those_who_measure_by_other_ways(tmp_path, lock):
    with (
        alone(board(tmp_path)),
        pytest.raises(AssessError, match=rf"this board: {module.who()}, since \d+ s"),
        held(lock),
    ):
        raise AssertionError("it was had twice")
    with held(lock):  # It is given back.
        assert lock.stat().st_mode & 0o777 == 0o666


def test_who_comes_second_is_told_who_holds_it_and_has_it_then(tmp_path, lock):
    first, order = held(lock), []
    first.__enter__()

    def told(holder):
        if not order:
            threading.Timer(0.3, lambda: (order.append("first is done"), first.__exit__(None, None, None))).start()
        order.append(holder)

    with module._alone_there(board(tmp_path, wait=60.0), told):
        order.append("second")
    assert order[0] == "waiting for mio at rack"
    assert order[-2:] in (["first is done", "second"], ["waiting for mio at rack", "second"])
    assert "first is done" in order


@pytest.mark.parametrize(("wait", "looks"), [(0.0, 1), (1.0, 2)])
def test_who_does_not_wait_longer_is_refused_with_the_holders_name(tmp_path, lock, wait, looks):
    told = []
    with held(lock), pytest.raises(AssessError) as refused, alone(board(tmp_path, wait=wait), told):
        raise AssertionError("it was had twice")
    assert refused.value.problem == "another measurement runs on this board: mio at rack"
    assert refused.value.where == "desk" and "wait longer" in refused.value.hint
    assert told == ["waiting for mio at rack"] * looks


def test_a_holder_without_a_name_is_told_as_that(tmp_path, lock):
    import fcntl

    with lock.open("w") as nameless:
        fcntl.flock(nameless, fcntl.LOCK_EX)
        with pytest.raises(AssessError, match="this board: somebody who left no name"), alone(board(tmp_path, wait=0)):
            raise AssertionError("it was had twice")


def test_ctrl_c_ends_the_waiting_at_once_and_the_far_end_waits_no_longer(tmp_path, lock):
    with held(lock):
        interrupt_soon()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt), alone(board(tmp_path, wait=600.0)):
            raise AssertionError("it was had twice")
        assert time.monotonic() - begun < 10
        assert soon(lambda: not waiting_for(lock), 10)
    with held(lock, "ken"):
        assert lock.read_text().endswith(" ken")


def waiting_for(lock):
    """Shells of a far end that wait for a lock."""
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if str(lock) in line and "flock" in line]


@pytest.mark.parametrize("noise", ["echo 'Last login: today'", "printf 'Welcome> '", "echo locked-down system"])
def test_what_a_login_prints_is_no_word_of_the_lock(tmp_path, lock, noise):
    with (
        held(lock),
        pytest.raises(AssessError, match="another measurement"),
        alone(board(tmp_path, Local(noise=noise), wait=0)),
    ):
        raise AssertionError("it was had twice")
    with alone(board(tmp_path, Local(noise=noise), wait=0)):
        pass


def test_a_board_without_locks_is_not_locked(tmp_path, lock):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "cat", "cut", "date"):
        (programs / name).symlink_to(f"/bin/{name}")
    with held(lock), alone(board(tmp_path, Local(path=str(programs)))):
        pass


@pytest.mark.parametrize("how", ["no folder", "a link"])
def test_where_no_lock_can_be_made_it_is_run_all_the_same(tmp_path, monkeypatch, how):
    precious = tmp_path / "precious"
    precious.write_text("1")
    (tmp_path / "link").symlink_to(precious)
    monkeypatch.setattr(module, "LOCK", f"..{tmp_path}/{'none/lock' if how == 'no folder' else 'link'}")
    with alone(board(tmp_path)):
        pass
    assert precious.read_text() == "1", "links in a folder that all may write to are not followed"


def test_a_link_that_is_lost_while_it_waits_is_told_as_that(tmp_path):
    class Breaks(Local):
        def start(self, command, stderr):
            return super().start("exit 255", stderr)

    with (
        pytest.raises(AssessError, match="the connection failed: it was lost before"),
        alone(board(tmp_path, Breaks())),
    ):
        raise AssertionError("there was none")


# The whole way.


def test_a_tool_is_measured_there_between_the_commands_of_its_target(tmp_path, lock, subject):
    there = board(tmp_path, before=("echo on; echo really >&2",), after=("echo off", "exit 3"), cool_down=7.0)
    slept, told = [], []
    found = measure(there, subject, sleep=slept.append, on_progress=lambda *step: told.append(step))
    assert found.service_ns == (2_500_000,) * 20 and found.failure is None
    assert (found.reached.target, found.reached.kit) == ("desk", "")
    assert found.reached.commands == (
        CommandRan("before", "echo on; echo really >&2", 0, "on\nreally"),
        CommandRan("after", "echo off", 0, "off"), CommandRan("after", "exit 3", 3, ""),
    )  # fmt: skip
    assert slept == [7.0] and ("cooling down", None, 7.0) in told
    assert found.before.architecture == "aarch64"
    assert list((tmp_path / "board").iterdir()) == []


def test_where_a_command_before_fails_nothing_is_run_and_those_after_are(tmp_path, lock, subject):
    before, after = ("true", "echo 'no such mode' >&2; exit 4", "touch third"), (f"touch {tmp_path}/restored",)
    with pytest.raises(AssessError) as told:
        measure(board(tmp_path, before=before, after=after), subject, f"touch {tmp_path}/ran")
    assert told.value.problem == "\"echo 'no such mode' >&2; exit 4\" ended with 4: no such mode"
    assert told.value.where == "before"
    assert (tmp_path / "restored").exists()
    assert not (tmp_path / "ran").exists() and not Path("third").exists()
    with held(lock):
        pass


def test_a_command_that_takes_too_long_is_told_as_timeout_tells_it(tmp_path, lock, subject, monkeypatch):
    monkeypatch.setattr(module, "_COMMAND_S", 0.5)
    found = measure(board(tmp_path, after=("echo begun; exec sleep 60",)), subject)
    assert found.reached.commands == (CommandRan("after", "echo begun; exec sleep 60", 124, "begun"),)


def test_what_a_command_before_leaves_running_is_left(tmp_path, lock, subject):
    before = (f"sleep 60 >/dev/null 2>&1 & echo $! > {tmp_path}/fan",)
    measure(board(tmp_path, before=before), subject)
    assert is_there(written(tmp_path / "fan"))
    os.kill(int(written(tmp_path / "fan")), signal.SIGKILL)


@pytest.mark.parametrize("when", ["before", "the tool"])
def test_ctrl_c_has_the_commands_after_run_and_the_folder_removed(tmp_path, lock, subject, when):
    sleeps = ("exec sleep 60",) if when == "before" else ()
    interrupt_soon(1.0)
    with pytest.raises(KeyboardInterrupt):
        measure(board(tmp_path, before=sleeps, after=(f"touch {tmp_path}/restored",)), subject, "sleep 60")
    assert (tmp_path / "restored").exists()
    assert list((tmp_path / "board").iterdir()) == []
    with held(lock):
        pass


def test_a_tool_that_hangs_is_a_run_that_failed_with_what_it_had_printed(tmp_path, lock, subject):
    there = board(tmp_path, after=(f"touch {tmp_path}/restored",))
    found = measure(there, subject, "sh -c 'echo 2 ms; exec sleep 60'", timeout_s=1.0)
    assert (found.failure.kind, found.service_ns) == ("hung", (2_000_000,))
    assert (tmp_path / "restored").exists()


def test_a_tool_that_is_not_there_is_told(tmp_path, lock, subject):
    with pytest.raises(AssessError, match=r"command cannot be run: .*no-such-tool"):
        measure(board(tmp_path), subject, "no-such-tool")


# What a board tells of itself.


def test_a_board_tells_its_shell_what_it_is(tmp_path):
    found = replace(board(tmp_path), probed=Probed("aarch64", "Linux", "6.1", board="ACME Rover")).host()
    assert (found.architecture, found.os, found.board) == ("aarch64", "Linux 6.1", "ACME Rover")
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.memory_bytes > 10**8 and found.load is not None
    assert set(found.absent) == {"power mode", "governor", "available memory"} | ({"CPU"} if not found.cpu else set())


def test_what_a_board_does_not_tell_is_absent_with_the_reason(tmp_path):
    class Mute(Local):
        def run(self, command, *, stdin=b"", timeout_s=60.0):
            return Ran(0, b"cores=many\nmemory=\nload=high\ncpu=\n", "")

    found = board(tmp_path, Mute()).host()
    assert (found.cores, found.memory_bytes, found.load, found.cpu) == (1, None, None, "")
    assert found.absent["memory"] == "the kernel does not tell"
    assert found.absent["board"] == "no device tree names it"


# Real boards.


@pytest.fixture(params=["busybox", "plain"])
def real(request):
    """A board by the real ssh; nothing that was begun on it is left."""
    up = request.getfixturevalue(f"{request.param}_board")
    target = Target(name=up.name, address=up.address, wait="1 min", after=("touch restored",))
    link = Link(parse_address(up.address), environment(up))
    yield up, ToolBoard(target, link, probe(link, "~/tools"))
    link.close()
    assert soon(lambda: up.processes() == [], 10), up.processes()
    assert list((up.home / "tools/assess-target").iterdir()) == []
    assert (up.home / "restored").exists()
    (up.home / "restored").unlink()


@pytest.mark.slow
def test_a_real_board_runs_a_tool(real, subject, lock):
    _, there = real
    found = measure(there, subject)
    assert found.service_ns == (2_500_000,) * 20
    assert [(each.when, each.code) for each in found.reached.commands] == [("after", 0)]


@pytest.mark.slow
def test_a_tool_that_hangs_on_a_real_board_is_ended_there(real, subject, lock):
    _, there = real
    assert measure(there, subject, "sh -c 'echo 2 ms; sleep 60; true'", timeout_s=1.5).failure.kind == "hung"


@pytest.mark.slow
def test_ctrl_c_ends_a_tool_on_a_real_board(real, subject, lock):
    up, there = real
    threading.Thread(target=interrupt_once_it_runs, args=(up, "sleep 63"), daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        measure(there, subject, "sleep 63")


def interrupt_once_it_runs(up, command):
    if soon(lambda: any(each.command == command for each in up.processes()), 20):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.slow
def test_a_tool_that_floods_on_a_real_board_is_ended_there(real, subject, lock, monkeypatch):
    monkeypatch.setattr(module, "MOST_PRINTED_BYTES", 10**6)
    _, there = real
    found = measure(there, subject, "yes")
    assert (found.failure.kind, found.service_ns) == ("crashed", ())


@pytest.mark.slow
def test_a_real_link_that_is_lost_in_the_middle_is_told_and_all_is_tidied_up(real, subject, lock):
    up, there = real

    def lose():
        if soon(lambda: any(each.command == "sleep 64" for each in up.processes()), 20):
            there.link.close()

    threading.Thread(target=lose, daemon=True).start()
    with pytest.raises(AssessError, match=rf"{up.address}: the connection failed"):
        measure(there, subject, "sleep 64")


@pytest.mark.slow
def test_a_real_board_is_waited_for(plain_board, subject, lock, tmp_path):
    link = Link(parse_address(plain_board.address), environment(plain_board))
    there = ToolBoard(Target(name="desk", address=plain_board.address, wait="1 min"), link, probe(link, "~/tools"))
    first, told = held(lock), []
    first.__enter__()

    def tell(holder):
        if not told:
            first.__exit__(None, None, None)
        told.append(holder)

    assert measure(there, subject, wait=tell).failure is None
    assert set(told) == {"waiting for mio at rack"}
    link.close()
