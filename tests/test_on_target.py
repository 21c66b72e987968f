"""The whole way to a board and back, by the real command line over the real ssh; the link fails in every way it can."""

import json
import os
import re
import shutil
import signal
import statistics
import time
import tomllib

import numpy as np
import pytest
from on_target import (
    BRIEF,
    FOLDER,
    LONG,
    MODEL,
    command,
    forget,
    inventory,
    is_measuring,
    log,
    share_kit,
    soon,
    started,
    wait_until_measuring,
)

from assess.files import shipped
from assess.measure.record import read

pytestmark = pytest.mark.slow

MODELS = shipped("models")


@pytest.fixture(scope="session")
def prepared(plain_board, tmp_path_factory):
    """What `target prepare` said to a board that had nothing."""
    plain_board.wipe()
    return command(plain_board, "target", "prepare", plain_board.address, cwd=tmp_path_factory.mktemp("desk"))


@pytest.fixture
def board(plain_board, prepared):
    """This machine over ssh, with the kit."""
    assert prepared.returncode == 0, prepared.stderr
    yield plain_board
    assert soon(lambda: plain_board.processes() == [], 10), plain_board.processes()


@pytest.fixture
def linked(linked_board, board):
    """The same behind a cable."""
    share_kit(board, linked_board)
    yield linked_board
    linked_board.restore()
    assert soon(lambda: linked_board.processes() == [], 45), linked_board.processes()


def measure(board, folder, *words, on=None, file="run.json", settings=BRIEF, **how):
    there = ["--on", on or board.address] if on != "" else []
    return command(board, "measure", MODEL, *settings, "-o", file, *there, *words, cwd=folder, **how)


def told(done):
    """What a command said; which wheels this machine has kept of an earlier day is no matter of these tests."""
    return [line for line in done.stderr.splitlines() if not line.startswith("note: ")]


def logins(board):
    return log(board).count("Accepted publickey")


def test_the_first_push_is_below_60_megabytes(prepared, plain_board):
    assert prepared.returncode == 0
    sending, where, sent = told(prepared)
    assert re.fullmatch(r"sending \d+ MB to board-plain: assess and the wheels that it needs there", sending)
    assert re.fullmatch(r"board-plain: .*/\.cache/assess-target: the kit \S+ is there", where)
    assert 20 < float(re.fullmatch(r"sent to board-plain: ([\d.]+) MB", sent)[1]) < 60
    assert sorted(path.name for path in (plain_board.home / FOLDER).iterdir()) == ["kit"]


def test_a_run_is_measured_there_and_kept_here(board, tmp_path):
    done = measure(board, tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert re.search(r"target +board-plain, over SSH, with the kit ", done.stdout)
    run = read(tmp_path / "run.json")
    assert (run.reached.target, run.reached.commands) == ("board-plain", ())
    assert re.fullmatch(r"\d+\.\d+\.\d+-[0-9a-f]{16}", run.reached.kit)
    assert len(run.frames) >= 10 and run.memory is not None and run.incomplete == ""
    assert list((board.home / FOLDER / "jobs").iterdir()) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "run.json"]


def test_an_unchanged_model_is_not_sent_again_and_the_connection_is_shared(board, tmp_path):
    forget(board)
    before = logins(board)
    words = ["fit", MODEL, *BRIEF, "--device", "raspberry-pi-5-8gb"]
    first = command(board, *words, "--on", board.address, cwd=tmp_path)
    second = command(board, *words, "--save-run", "run.json", "--on", board.address, cwd=tmp_path)
    assert first.returncode == second.returncode == 0, second.stderr
    assert "sent to board-plain: " not in second.stderr
    assert read(tmp_path / "run.json").reached.target == "board-plain"
    assert logins(board) == before + 1  # What time is lost is told by benchmarks/harness/targets.py.


def test_commands_around_a_run_are_in_it_and_in_its_report(board, tmp_path):
    before, after = ["echo performance", "echo '\\\"on\\\"' > mode"], ["rm mode; exit 3"]
    text = json.dumps([each.replace('\\"', '"') for each in before])
    name = inventory(tmp_path, board, before=text, after=json.dumps(after), cool_down='"1 s"')
    done = measure(board, tmp_path, on=name)
    assert done.returncode in (0, 3), done.stderr
    ran = read(tmp_path / "run.json").reached.commands
    assert [(each.when, each.code, each.output) for each in ran] == [
        ("before", 0, "performance"), ("before", 0, ""), ("after", 3, ""),
    ]  # fmt: skip
    assert "echo performance" in done.stdout and "rm mode; exit 3" in done.stdout
    assert not (board.home / "mode").exists()


def test_a_command_that_fails_before_keeps_it_from_being_measured(board, tmp_path):
    name = inventory(tmp_path, board, before='["echo no such mode >&2; exit 4"]', after='["touch restored"]')
    done = measure(board, tmp_path, on=name)
    assert done.returncode == 2
    assert "error: before: 'echo no such mode >&2; exit 4' ended with 4: no such mode\n" in done.stderr
    assert not (tmp_path / "run.json").exists()


def test_spaces_and_quotes_are_no_obstacle(board, tmp_path):
    folder = 'it\'s a "folder" $HOME'
    share_kit(board, board, f"{folder}/assess-target")
    python = board.home / "a 'python' 3"
    python.unlink(missing_ok=True)
    python.symlink_to(shutil.which("python3", path="/usr/bin:/bin"))
    model = tmp_path / 'my "models"' / "it's mine.onnx"
    model.parent.mkdir()
    shutil.copy(MODELS / MODEL / "inverse-kinematics.onnx", model)
    name = inventory(tmp_path, board, folder=json.dumps(f"~/{folder}"), python=json.dumps(str(python)))
    done = command(board, "measure", model, *BRIEF, "-o", "my run.json", "--on", name, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert read(tmp_path / "my run.json").model.name == "it's mine.onnx"
    assert "MB" not in done.stderr.replace("0.1 MB", ""), "only the model was sent"
    assert (board.home / folder / "assess-target/files").is_dir()
    cleaned = command(board, "target", "clean", name, cwd=tmp_path)
    assert re.fullmatch(r"desk: \d+\.\d MB freed\n", cleaned.stderr)
    assert list((board.home / folder).iterdir()) == []
    (board.home / folder).rmdir()


def test_a_suite_runs_there_case_by_case(board, tmp_path):
    cases = "".join(
        f'[[case]]\nmodel = "{model}"\nworkload = "camera-30hz"\ndevice = "raspberry-pi-5-8gb"\n'
        for model in (MODEL, "wafer-map/quarter")
    )
    (tmp_path / "two.toml").write_text(f'name = "Two"\nsummary = "Two models."\n{cases}')
    done = command(board, "suite", "two.toml", "--tier", "smoke", "--on", board.address, "-f", "json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert done.stdout.count("board-plain") >= 2


@pytest.fixture
def one_core(board, tmp_path):
    """Its name in an inventory; it has one core, by which it is told from this machine."""
    python = board.home / "one core"
    python.write_text('#!/bin/sh\nexec taskset -c 0 /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    return inventory(tmp_path, board, python=json.dumps(str(python)))


def test_two_models_are_compared_there(board, one_core, tmp_path):
    untimed = [word for each in ("latency floor", "latency median", "peak memory", "steady memory")
               for word in ("--skip", each)]  # fmt: skip
    words = ["gate", "-m", "wafer-map/quarter-int8", "-a", "wafer-map/quarter", "--on", one_core, *untimed]
    done = command(board, *words, "-f", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert (verdicts(done)["outputs"], verdicts(done)["licence"]) == ("REGRESSION", "PASS")
    assert json.loads(done.stdout)["host"]["cores"] == 1


def verdicts(done):
    """Of a gate, by what was compared."""
    return {each["metric"]: each["verdict"] for each in json.loads(done.stdout)["comparisons"]}


def test_a_baseline_is_accepted_there_and_holds_there_and_not_here(board, one_core, tmp_path):
    accepted = command(board, "baseline", "accept", "-m", MODEL, "--why", "first", "--on", one_core, cwd=tmp_path)
    assert accepted.returncode in (0, 3), accepted.stderr
    if accepted.returncode == 3:
        pytest.skip(f"this machine is too noisy for a baseline: {accepted.stdout}")
    (kept,) = (tmp_path / "baselines").iterdir()
    assert json.loads(kept.read_text())["host"]["cores"] == 1
    words = ["gate", "-m", MODEL, "-b", "baselines", "-f", "json"]
    gated = command(board, *words, "--on", one_core, cwd=tmp_path)
    assert gated.returncode in (0, 1, 3), gated.stderr
    assert json.loads(gated.stdout)["host"]["cores"] == 1
    # Others use this machine, too: how fast it is now is not known, but that the two can be compared is.
    assert verdicts(gated)["latency floor"] in ("PASS", "REGRESSION", "IMPROVEMENT", "INCONCLUSIVE", "NOISY")
    assert verdicts(gated)["outputs"] == "PASS"
    if len(os.sched_getaffinity(0)) > 1:
        assert verdicts(command(board, *words, cwd=tmp_path))["latency floor"] == "NOT COMPARABLE"


def test_a_board_is_looked_at_as_an_instrument(board, tmp_path):
    done = command(board, "doctor", "--on", board.address, "-f", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["schema"] == "assess.doctor/1"
    assert found["floor_p99_s"] > 0 and len(found["conditions"]) > 20


def test_the_profile_of_a_board_is_written_here(board, tmp_path):
    words = ["--id", "desk-board", "--name", "Desk", "--vendor", "ACME", "--sector", "robotics", "--yes"]
    done = command(
        board, "profile", "new", "device", *words, "--from-here", "--calibration", "0 s", "--on", board.address,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    profile = tomllib.loads((tmp_path / "profiles/devices/desk-board.toml").read_text())
    assert (profile["name"], profile["vendor"]) == ("Desk", "ACME")


def test_a_board_is_checked(board, tmp_path):
    done = command(board, "target", "check", board.address, "-f", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["usable"], found["bytes_to_send"]) == (True, 0)
    assert re.fullmatch(r"(.+, since \d+ s)?", found["held"])  # Other tests measure on this machine, too.
    assert found["probed"]["machine"] == "x86_64" and found["host"]["cores"] >= 1
    assert 0 < found["reached_s"] < 60 and abs(found["clock_off_s"]) < 5


def test_a_board_is_prepared_and_cleaned_and_nothing_else_is_touched(board, tmp_path):
    name = inventory(tmp_path, board, folder='"~/other place"')
    (board.home / "other place").mkdir()
    (board.home / "other place/mine").write_text("precious")
    absent = command(board, "target", "check", name, cwd=tmp_path)
    assert absent.returncode == 0
    assert re.search(r"kit +is not there: \d+ MB are sent with the first command that needs it", absent.stdout)
    share_kit(board, board, "other place/assess-target")
    (board.home / "other place/files").mkdir()
    (board.home / "other place/files/mine").write_text("precious")
    cleaned = command(board, "target", "clean", name, cwd=tmp_path)
    assert (cleaned.returncode, bool(re.fullmatch(r"desk: .* freed\n", cleaned.stderr))) == (0, True)
    left = [path for path in (board.home / "other place").rglob("*") if path.is_file()]
    assert [path.read_text() for path in left] == ["precious", "precious"]
    shutil.rmtree(board.home / "other place")
    again = command(board, "target", "clean", name, cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "desk: there was nothing to remove\n")


def test_what_is_run_there_keeps_it_from_being_cleaned(board, tmp_path):
    with started(
        board, "measure", MODEL, *LONG, "60 s", "-o", "run.json", "--on", board.address, cwd=tmp_path
    ) as process:
        wait_until_measuring(board, process)
        done = command(board, "target", "clean", board.address, cwd=tmp_path)
        assert done.returncode == 2
        assert "error: board-plain: something is run there just now" in done.stderr
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_the_second_user_is_told_who_holds_the_board_and_is_refused_or_waits(board, tmp_path):
    for name in ("first", "waits"):
        (tmp_path / name).mkdir()
    impatient = inventory(tmp_path, board, name="impatient", wait='"0 s"')
    with started(
        board, "measure", MODEL, *LONG, "60 s", "-o", "run.json", "--on", board.address, cwd=tmp_path / "first"
    ) as first:
        wait_until_measuring(board, first)
        refused = measure(board, tmp_path, on=impatient)
        assert refused.returncode == 2
        assert re.search(r"error: another measurement runs on this board: .+, since \d+ s\n", refused.stderr)
        assert "hint: wait for it, or wait longer" in refused.stderr
        checked = command(board, "target", "check", board.address, cwd=tmp_path)
        assert re.search(r"held by +.+, since \d+ s", checked.stdout)
        with started(
            board, "measure", "wafer-map/quarter", *BRIEF, "--on", board.address, "-o", "run.json",
            cwd=tmp_path / "waits",
        ) as second:  # fmt: skip
            line = ""
            while "waiting for" not in line:
                line = second.stderr.readline()
                assert line, "it ended"
            assert re.fullmatch(r"waiting for .+, since \d+ s\n", line)
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=30)
            second.communicate(timeout=60)
            assert second.returncode in (0, 3)
    assert (tmp_path / "waits/run.json").exists()


def test_ctrl_c_saves_what_there_is_as_a_local_run_does(board, tmp_path):
    words = ["measure", MODEL, *LONG, "60 s", "-o", "run.json", "--on", board.address]
    with started(board, *words, cwd=tmp_path) as process:
        wait_until_measuring(board, process)
        time.sleep(2.5)  # Into the run itself.
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    run = read(tmp_path / "run.json")
    assert run.incomplete.startswith("stopped by SIGINT after ")
    assert len(run.frames) > 0
    assert out.startswith("INCOMPLETE  inverse-kinematics.onnx")
    assert soon(lambda: list((board.home / FOLDER / "jobs").iterdir()) == [])


def test_a_client_that_is_killed_leaves_nothing_running_there(board, tmp_path):
    with started(
        board, "measure", MODEL, *LONG, "60 s", "-o", "run.json", "--on", board.address, cwd=tmp_path
    ) as process:
        wait_until_measuring(board, process)
        process.kill()
        process.communicate()
    assert soon(lambda: board.processes() == [], 10)
    assert list((board.home / FOLDER / "jobs").iterdir()) == []


def test_a_run_outlives_a_link_that_is_cut_and_is_fetched_afterwards(linked, tmp_path):
    words = ["measure", MODEL, *LONG, "8 s", "-o", "run.json", "--on", linked.address]
    with started(linked, *words, cwd=tmp_path) as process:
        wait_until_measuring(linked, process)
        time.sleep(1.0)
        linked.cut()
        begun = time.monotonic()
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - begun < 45, "15 s after its last word"
    assert process.returncode == 2
    assert "error: board-linked: the link was lost: " in said
    assert "hint: a run that goes on there is fetched by the same command, once the link is back" in said
    (job,) = (linked.home / FOLDER / "jobs").iterdir()
    assert soon(lambda: (job / "outcome.json").exists(), 30)
    assert not is_measuring(linked)
    measured = read(job / "tree/run.json")
    linked.restore()
    fetched = command(linked, *words, cwd=tmp_path)
    assert fetched.returncode in (0, 3), fetched.stderr
    assert re.search(r"\nfetching what was done there at \S+\+00:00, before the link was lost\n", f"\n{fetched.stderr}")
    assert read(tmp_path / "run.json").created == measured.created
    assert soon(lambda: not job.exists(), 5)


def test_a_thousand_frames_take_as_long_there_as_here(board, tmp_path):
    workload = (shipped("profiles") / "workloads/camera-30hz.toml").read_text()
    workload = re.sub(r'rate = ".*"', 'kind = "periodic"\nrate = "500 Hz"', workload)
    (tmp_path / "fast.toml").write_text(re.sub(r"deadline = .*", 'deadline = "2 ms"', workload))
    settings = ["-w", "fast.toml", "--tier", "smoke", "--skip", "floor", "--min-count", "1000"]
    there, here = [], []
    for _ in range(3):  # In turns, until they agree: others use this machine, too.
        for on, medians in ((board.address, there), ("", here)):
            done = measure(board, tmp_path, on=on, settings=settings)
            assert done.returncode in (0, 3), done.stderr
            frames = read(tmp_path / "run.json").frames
            assert len(frames) >= 500
            medians.append(statistics.median(frames.service_ns))
        if 2 / 3 < min(there) / min(here) < 3 / 2:
            break
    assert 1 / 2 < min(there) / min(here) < 2


def test_another_host_key_is_refused_and_nothing_is_sent(board, tmp_path):
    forget(board)
    before = logins(board)
    done = measure(board, tmp_path, config=board.config_of_another_host_key())
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: {board.address}: its host key is not the one that is known: nothing was sent\nhint: "
    )
    assert logins(board) == before


def test_a_login_that_is_denied_is_told(board, tmp_path):
    forget(board)
    done = measure(board, tmp_path, config=board.config_of_another_user_key())
    assert done.returncode == 2
    assert f"error: {board.address}: it refuses the login\nhint: try it by hand: ssh -F " in done.stderr


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("ssh://root@127.0.0.1:1", "error: ssh://root@127.0.0.1:1: it refuses the connection: no ssh server listens"),
        ("ssh://no-such-host.invalid", "error: ssh://no-such-host.invalid: its name cannot be resolved"),
        ("dsk", "error: there is no target 'dsk'\nhint: did you mean 'desk'?"),
        ("ssh://-oProxyCommand=x", "error: 'ssh://-oProxyCommand=x'"),
        ("desk", "error: --on: desk is a raspberry-pi-5-8gb, asked for is nvidia-jetson-orin-nano-8gb\nhint: "),
    ],
)
def test_a_target_that_is_not_the_one_meant_is_told_before_anything_runs(plain_board, tmp_path, on, said):
    inventory(tmp_path, plain_board, device='"raspberry-pi-5-8gb"')
    words = ["fit", MODEL, *BRIEF, "--device", "nvidia-jetson-orin-nano-8gb", "--on", on]
    done = command(plain_board, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_full_disk_is_told_before_the_kit_is_sent(full_board, tmp_path):
    done = measure(full_board, tmp_path)
    assert done.returncode == 2
    assert re.search(r"error: ssh://\S+: \S+: has 4 MB free, the kit needs \d+ MB while it is unpacked", done.stderr)
    assert not (full_board.home / FOLDER / "kit").exists()


def test_a_board_without_python_is_told_what_to_do(busybox_board, tmp_path):
    done = measure(busybox_board, tmp_path)
    assert done.returncode == 2
    assert "error: board-busybox: has no Python 3.11 or newer" in done.stderr or "no wheels" in done.stderr
    checked = command(busybox_board, "target", "check", busybox_board.address, cwd=tmp_path)
    assert checked.returncode == 1
    assert "NOT USABLE by assess's own harness  " in checked.stdout


@pytest.mark.parametrize("architecture", ["armv7l", "riscv64"])
def test_a_board_that_there_are_no_wheels_for_is_told(architecture, request, tmp_path):
    board = request.getfixturevalue(f"{architecture}_board")
    done = measure(board, tmp_path)
    assert done.returncode == 2
    assert re.search(rf"error: board-{architecture}: .*{architecture}", done.stderr)
    checked = command(board, "target", "check", board.address, cwd=tmp_path)
    assert (checked.returncode, "NOT USABLE by assess's own harness  " in checked.stdout) == (1, True)
    assert not (board.home / FOLDER / "kit").exists()


def test_the_whole_way_to_an_emulated_raspberry_pi(arm64_board, tmp_path):
    references = np.load(MODELS / "wafer-map/references.npz")
    np.save(tmp_path / "map.npy", references["map"][0])
    np.savez(tmp_path / "expected.npz", scores=references["quarter/scores"][0])
    prepared = command(arm64_board, "target", "prepare", arm64_board.address, cwd=tmp_path, timeout=600)
    assert prepared.returncode == 0, prepared.stderr
    assert float(re.search(r"sent to board-arm64: ([\d.]+) MB", prepared.stderr)[1]) < 60
    done = command(
        arm64_board, "fit", "wafer-map/quarter", *BRIEF, "--device", "raspberry-pi-5-8gb", "--input", "map=map.npy",
        "--reference", "expected.npz", "--save-run", "run.json", "--on", arm64_board.address, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, 1, 3), done.stderr
    run = read(tmp_path / "run.json")
    assert (run.before.architecture, run.before.board) == ("aarch64", "Raspberry Pi 5 Model B Rev 1.0")
    assert (run.reached.target, run.failure, run.incomplete) == ("board-arm64", None, "")
    (scores,) = run.agreement.outputs
    assert scores.max_abs < 1e-4 and scores.top1 == 1.0
    assert 100_000 < run.memory.model_peak < 100e6


def test_an_int8_model_that_the_core_has_no_instructions_for_is_found_before_it_crashes(arm64_old_board, tmp_path):
    there = ["--on", arm64_old_board.address, "--device", "raspberry-pi-5-8gb", *BRIEF]
    done = command(arm64_old_board, "fit", "wafer-map/quarter-int8", *there, "--save-run", "run.json",
                   cwd=tmp_path, timeout=600)  # fmt: skip
    run = read(tmp_path / "run.json")
    assert run.failure.kind == "missing instructions", done.stderr
    assert "asimddp" in run.failure.cause
    assert (len(run.frames), run.before.not_offered[0][:4]) == (0, "asim")
    assert run.before.emulator
    assert done.returncode == 5
