"""What others offer to tell whether a newer model is slower, each asked the way its documentation says.

Each answers about two files with an alarm, with none, or by failing. They live in environments of their own below
build/peers, with the ONNX Runtime that is installed here; one thread, everywhere.
"""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal, NamedTuple

from peers import CACHE, installed

from assess.sandbox import environment

Kind = Literal["alarm", "none", "inconclusive", "failed"]
ALARM: Final = "alarm"
NONE: Final = "none"
INCONCLUSIVE: Final = "inconclusive"
FAILED: Final = "failed"
#: So much slower is a regression for those who ask for a number.
THRESHOLD = 1.05
#: A process that takes longer hangs.
_PATIENCE_S = 900.0
#: Of hyperfine's processes, beside some 0.2 s to start Python and ONNX Runtime, which it cannot take off.
INFERENCES_S = 0.5


class Answer(NamedTuple):
    """What a tool said of two models.

    Attributes:
        kind: `ALARM` (slower), `NONE`, `INCONCLUSIVE` or `FAILED`.
        said: in its own words.
        span_s: seconds that it says it took, waiting for others left out; 0 if it does not say.
    """

    kind: Kind
    said: str
    span_s: float = 0.0


class Pair(NamedTuple):
    """What is compared: the accepted model, the newer one, and a folder for this comparison alone."""

    accepted: Path
    newer: Path
    folder: Path


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return ([line.strip() for line in (self.out + self.err).splitlines() if line.strip()] or ["said nothing"])[-1]


def run(command: Sequence[object], folder: Path, more: Mapping[str, str] | None = None) -> Ended:
    """Run a program to its end, its home a folder that is thrown away; if we are interrupted, so is all it started."""
    settings = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [str(word) for word in command], env={**settings, "HOME": str(folder), **(more or {})}, cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return Ended(-signal.SIGKILL, "", f"did not end within {_PATIENCE_S:g} s")
    finally:
        if process.returncode is None:
            _end(process)
    return Ended(process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the process and those that it started."""
    process.terminate()  # `assess` ends its workers itself, which are of other groups.
    with suppress(subprocess.TimeoutExpired):
        process.wait(5.0)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# Each script makes a session as `assess` does, and an input.

_SESSION = """
import os, sys
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession({model}, options, providers=["CPUExecutionProvider"])
x = numpy.random.default_rng(0).standard_normal(session.get_inputs()[0].shape).astype(numpy.float32)
"""

_PYTEST = f"""{_SESSION.format(model='os.environ["MODEL"]')}
def test_model(benchmark):
    benchmark(session.run, None, {{"x": x}})
"""

#: Made once for the module: asv would set up before each sample, and time a first inference only.
_ASV = f"""{_SESSION.format(model='os.path.join(sys.prefix, "model.onnx")')}
def time_model():
    session.run(None, {{"x": x}})
"""

_PYPERF = f"""
import pyperf
runner = pyperf.Runner(add_cmdline_args=lambda command, asked: command.append(asked.model))
runner.argparser.add_argument("model")
model = runner.parse_args().model
{_SESSION.format(model="model")}
runner.bench_func("model", session.run, None, {{"x": x}})
"""

_LOOP = f"""{_SESSION.format(model="sys.argv[1]")}
for _ in range(int(sys.argv[2])):
    session.run(None, {{"x": x}})
"""

#: What somebody writes who wants a number: warm up, take the mean of half a second.
_MEAN = f"""{_SESSION.format(model="sys.argv[1]")}
import time
for span_s in (0.1, 0.5):
    start, count = time.perf_counter(), 0
    while (spent_s := time.perf_counter() - start) < span_s or count < 3:
        session.run(None, {{"x": x}})
        count += 1
print(spent_s / count)
"""


@cache
def _peers() -> Path:
    """The folder of programs of the environment of all peers that are Python's."""
    runtime = f"onnxruntime=={version('onnxruntime')}"
    return installed("gate", "pytest-benchmark", "asv", "pyperf", "virtualenv", runtime, "numpy")


def peers_ready(_: Pair) -> object:
    return _peers()


def pytest_benchmark_answer(ended: Ended) -> Answer:
    if ended.code == 0 and "Comparing against benchmarks from" in ended.err + ended.out:
        return Answer(NONE, "passed")
    if failed := re.search(r"Field 'mean' has failed \w+: ([\d.]+) > ", ended.out + ended.err):
        return Answer(ALARM, f"mean {float(failed[1]):+.1f} %")
    return Answer(FAILED, ended.last_line)


def pytest_benchmark(pair: Pair) -> Answer:
    (pair.folder / "test_model.py").write_text(_PYTEST)
    base = [_peers() / "python", "-m", "pytest", "-q", "test_model.py"]
    saved = run([*base, "--benchmark-save=accepted"], pair.folder, {"MODEL": str(pair.accepted)})
    if saved.code:
        return Answer(FAILED, saved.last_line)
    options = ["--benchmark-compare", f"--benchmark-compare-fail=mean:{THRESHOLD - 1.0:.0%}"]
    return pytest_benchmark_answer(run([*base, *options], pair.folder, {"MODEL": str(pair.newer)}))


def pyperf_answer(ended: Ended) -> Answer:
    found = re.search(r"[\d.]+x (slower|faster)", ended.out)
    if ended.code == 0 and found:
        return Answer(ALARM if found[1] == "slower" else NONE, found[0])
    if ended.code == 0 and "not significant" in ended.out:
        return Answer(NONE, "not significant")
    return Answer(FAILED, ended.last_line)


def pyperf(pair: Pair) -> Answer:
    script, python = pair.folder / "model.py", _peers() / "python"
    script.write_text(_PYPERF)
    for model, output in ((pair.accepted, "accepted.json"), (pair.newer, "newer.json")):
        ended = run([python, script, "--fast", "-q", "-o", output, model], pair.folder)
        if ended.code:
            return Answer(FAILED, ended.last_line)
    options = ["--table", "--min-speed", f"{100.0 * (THRESHOLD - 1.0):g}"]
    return pyperf_answer(
        run([python, "-m", "pyperf", "compare_to", "accepted.json", "newer.json", *options], pair.folder)
    )


def asv_answer(ended: Ended) -> Answer:
    if "PERFORMANCE DECREASED" in ended.out:
        found = re.search(r"\|\s+([\d.]+) \|[^|]*\|\s*$", ended.out, re.MULTILINE)
        return Answer(ALARM, f"{found[1]}x" if found else "decreased")
    if "PERFORMANCE INCREASED" in ended.out:
        return Answer(NONE, "increased")
    if ended.code == 0 and "NOT SIGNIFICANTLY CHANGED" in ended.out:
        return Answer(NONE, "not significantly changed")
    return Answer(FAILED, ended.last_line)


def asv_project(pair: Pair) -> Path:
    """A project of asv, made if it is not there.

    asv refuses two commits in an environment that exists, so it has one of its own, which sees the peers' packages.
    """
    folder = pair.accepted.parent / "asv" / pair.newer.stem
    if (folder / "made").exists():
        return folder
    suite = folder / "benchmarks"
    suite.mkdir(parents=True)
    (suite / "__init__.py").touch()
    (suite / "model.py").write_text(_ASV)
    (site,) = (_peers().parent / "lib").glob("python*/site-packages")
    (folder / "peers.pth").write_text(f"{site}\n")
    copy = shutil.which("cp")
    (folder / "asv.conf.json").write_text(json.dumps({
        "version": 1, "project": "model", "repo": str(_repository(pair, folder / "repository")), "branches": ["main"],
        "environment_type": "virtualenv", "pythons": ["{}.{}".format(*sys.version_info)], "matrix": {},
        "build_command": [], "uninstall_command": [],
        "install_command": [
            f"{copy} {{build_dir}}/model.onnx {{env_dir}}/model.onnx",
            f"{copy} {folder}/peers.pth {{env_dir}}/lib/{site.parent.name}/site-packages/peers.pth",
        ],
    }))  # fmt: skip
    _must(_run_asv(folder, "machine", "--yes"))
    made = _run_asv(folder, "setup")  # Its exit code is 1 even where it went well.
    if not any((folder / "env").glob("*")):
        raise SystemExit(f"asv's environment could not be made: {made.last_line}")
    (folder / "made").touch()
    return folder


def _repository(pair: Pair, folder: Path) -> Path:
    """A repository of two commits: the accepted model, and the newer one."""
    folder.mkdir()
    git = ["git", "-c", "user.name=gate", "-c", "user.email=gate@localhost"]
    _must(run([*git, "init", "-q", "-b", "main"], folder))
    for model in (pair.accepted, pair.newer):
        shutil.copy(model, folder / "model.onnx")
        _must(run([*git, "add", "."], folder))
        _must(run([*git, "commit", "-q", "--allow-empty", "-m", model.stem], folder))
    return folder


def _run_asv(folder: Path, *words: str) -> Ended:
    path = f"{_peers()}{os.pathsep}{os.environ['PATH']}"
    return run([_peers() / "asv", *words], folder, {"PATH": path})


def _must(ended: Ended) -> None:
    if ended.code:
        raise SystemExit(f"asv's project could not be made: {ended.last_line}")


def asv(pair: Pair) -> Answer:
    return asv_answer(_run_asv(asv_project(pair), "continuous", "--factor", f"{THRESHOLD:g}", "main~1", "main"))


def hyperfine_answer(exported: str) -> Answer:
    """Its summary says that one "ran R +- S times faster"; an alarm where R - S is above 1.

    The spread is the one of its src/benchmark/relative_speed.rs.
    """
    accepted, newer = ((each["mean"], each["stddev"]) for each in json.loads(exported)["results"])
    ratio = newer[0] / accepted[0]
    spread = ratio * math.hypot(newer[1] / newer[0], accepted[1] / accepted[0])
    return Answer(ALARM if ratio - spread > 1.0 else NONE, f"{ratio:.2f} +- {spread:.2f}")


def _hyperfine_program() -> Path:
    if found := shutil.which("hyperfine"):
        return Path(found)
    folder = CACHE / "hyperfine"
    program = folder / "usr" / "bin" / "hyperfine"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.which("apt-get") is None or run(["apt-get", "download", "hyperfine"], folder).code:
            raise SystemExit(
                "hyperfine is not here; install it (Debian: apt install hyperfine) or leave it out: --tools"
            )
        (package,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return program


def _inferences(pair: Pair) -> int:
    """How many inferences each process makes; told once for each accepted model."""
    kept = pair.accepted.with_suffix(".count")
    if not kept.exists():
        mean_s = _mean(pair.accepted, pair.folder)
        if isinstance(mean_s, str):
            raise SystemExit(f"{pair.accepted.name} does not run: {mean_s}")
        kept.write_text(str(max(1, round(INFERENCES_S / mean_s))))
    return int(kept.read_text())


def hyperfine_ready(pair: Pair) -> object:
    return _hyperfine_program(), _inferences(pair)


def hyperfine(pair: Pair) -> Answer:
    (pair.folder / "loop.py").write_text(_LOOP)
    loop = [str(_peers() / "python"), "loop.py"]
    commands = [shlex.join([*loop, str(model), str(_inferences(pair))]) for model in (pair.accepted, pair.newer)]
    ended = run([_hyperfine_program(), "--warmup", "1", "--export-json", "seen.json", *commands], pair.folder)
    if ended.code:
        return Answer(FAILED, ended.last_line)
    return hyperfine_answer((pair.folder / "seen.json").read_text())


def _mean(model: Path, folder: Path) -> float | str:
    """Mean seconds of an inference, in a process of its own; or why there is none."""
    ended = run([_peers() / "python", "-c", _MEAN, model], folder)
    return ended.last_line if ended.code else float(ended.out)


def threshold(pair: Pair) -> Answer:
    means = [_mean(model, pair.folder) for model in (pair.accepted, pair.newer)]
    if failed := [mean for mean in means if isinstance(mean, str)]:
        return Answer(FAILED, failed[0])
    accepted_s, newer_s = map(float, means)
    ratio = newer_s / accepted_s
    return Answer(ALARM if ratio > THRESHOLD else NONE, f"{ratio:.3f}x")
