"""The flow of a new device: which providers are calibrated, in which time, and what becomes of it."""

from dataclasses import replace
from datetime import date

import pytest
from recorded_boards import detected, lay_out_board

from assess.authoring import device_from_here, look_here
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.measure.detect import Fact, RuntimeBuild
from assess.report.new import Named
from assess.sandbox import Ending

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def trial(what, work, *round_ns):
    return {"what": what, "operator": "MatMul", "work": work, "round_ns": list(round_ns)}


def answered(*trials):
    return Ending("answered", {"trials": list(trials), "skipped": {}, "note": ""}, "", "")


CHAINS = answered(*(trial(f"{n} of Neg", n, *[2000 + 160 * n] * 6) for n in (1, 50, 200, 1000)))
STREAMS = answered(trial("Add", 12_000, *[1200] * 6))
PRODUCT = answered(trial("512 x 512", 4000, *[2] * 6), trial("1024 x 1024", 9000, *[3] * 6))


class Workers:
    """Answers each part of a calibration; remembers what was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, module, request, limits, *, on_progress):
        self.asked.append((request["provider"], request["part"], request["precision"]))
        return {"memory bandwidth": STREAMS, "dispatch": CHAINS}.get(request["part"], PRODUCT)


def text_of(tmp_path, providers=(CPU,), **changes):
    root = lay_out_board("raspberry-pi-5", tmp_path / "root")
    workers, told = Workers(), []
    here = look_here(root, look=lambda root: detected(root, providers=lambda: RuntimeBuild("1.22.0", providers)))
    text = device_from_here(
        here,
        Named(here.detected.board.value, "ACME", ("robotics",)),
        Library(),
        launch=workers,
        on_progress=lambda *progress: told.append(progress),
        today=lambda: date(2026, 11, 24),
        **changes,
    )
    return text, workers.asked, told


def loaded(tmp_path, text):
    file = tmp_path / "mine" / "devices" / "acme-rover.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    library = Library([tmp_path / "mine"])
    assert lint(file, library) == ()
    return library.device("acme-rover")


def test_the_cpu_is_calibrated_and_the_file_is_of_today(tmp_path):
    text, asked_for, told = text_of(tmp_path)
    found = loaded(tmp_path, text)
    assert {provider for provider, _, _ in asked_for} == {CPU}
    assert found.engine[0].peak[0].measured.value == 3e12
    assert found.runtime[0].dispatch.value == pytest.approx(160e-9)
    assert found.sources["CAL"].where.startswith("calibration, 2026-11-24, assess ")
    assert told[0][0].startswith(f"{CPU}: ")


def test_the_first_other_provider_with_a_runtime_of_ours_is_calibrated_too(tmp_path):
    text, asked_for, _ = text_of(tmp_path, providers=("NobodysExecutionProvider", CUDA, CPU))
    found = loaded(tmp_path, text)
    assert {provider for provider, _, _ in asked_for} == {CPU, CUDA}
    assert [one.id for one in found.runtime] == ["onnxruntime-cuda", "onnxruntime-cpu"]
    assert [engine.name for engine in found.engine] == ["cpu", "gpu"]


def test_the_parts_of_two_calibrations_are_one_progress(tmp_path):
    _, _, told = text_of(tmp_path, providers=(CUDA, CPU))
    done = [share for _, share, _ in told]
    assert done == sorted(done)
    halves = [share >= 0.5 for what, share, _ in told if what.startswith(CUDA)]
    assert halves == [True] * len(halves)
    assert max(share for what, share, _ in told if what.startswith(CPU)) <= 0.5
    assert told[0][2] == pytest.approx(90.0, abs=1.0)


@pytest.mark.parametrize("looks_s", [2.0, 60.0])
@pytest.mark.parametrize("providers", [(CPU,), (CUDA, CPU)])
def test_whatever_hangs_it_is_all_over_in_105_s(tmp_path, providers, looks_s):
    now = [1000.0]

    def look(root):
        now[0] += looks_s
        return detected(root, providers=lambda: RuntimeBuild("1.22.0", providers))

    def hang(module, request, limits, *, on_progress):
        now[0] += limits.timeout_s
        return Ending("hung", None, f"still running after {limits.timeout_s:g} s", "")

    here = look_here(lay_out_board("raspberry-pi-5", tmp_path / "root"), look=look, clock=lambda: now[0])
    named = Named("Rover", "ACME", ("robotics",))
    text = device_from_here(here, named, Library(), launch=hang, clock=lambda: now[0])
    assert 90.0 <= now[0] - 1000.0 <= 105.0
    assert loaded(tmp_path, text).memory.measured_bandwidth is None
    assert "# not measured: memory bandwidth" in text


def test_detection_takes_nothing_from_a_time_that_was_asked_for(tmp_path):
    _, _, told = text_of(tmp_path, budget_s=30.0)
    assert told[0][2] == pytest.approx(30.0, abs=1.0)


@pytest.mark.parametrize(
    ("provider", "name", "kind", "mark"),
    [
        ("OpenVINOExecutionProvider", "accelerator", "cpu", True),
        ("QNNExecutionProvider", "accelerator", "npu", True),
        ("DmlExecutionProvider", "accelerator", "gpu", True),
        (CUDA, "gpu", "gpu", False),
        ("TensorrtExecutionProvider", "gpu", "gpu", False),
    ],
)
def test_what_a_provider_runs_on_is_only_stated_where_it_is_certain(tmp_path, provider, name, kind, mark):
    text, _, _ = text_of(tmp_path, providers=(provider, CPU))
    found = loaded(tmp_path, text)
    assert [(engine.name, engine.kind) for engine in found.engine] == [("cpu", "cpu"), (name, kind)]
    assert found.runtime[0].engine == name
    marked = f'kind = "{kind}"  # fill in: what {provider} ran on: cpu, gpu, npu, dla or dsp\n' in text
    assert marked == mark


def test_a_provider_that_runs_on_the_cpu_is_no_other_engine(tmp_path):
    text, asked_for, _ = text_of(tmp_path, providers=("XnnpackExecutionProvider", CPU))
    assert {provider for provider, _, _ in asked_for} == {CPU}
    assert [engine.name for engine in loaded(tmp_path, text).engine] == ["cpu"]


def test_without_time_nothing_is_calibrated(tmp_path):
    text, asked_for, told = text_of(tmp_path, budget_s=0.0)
    assert (asked_for, told) == ([], [])
    assert loaded(tmp_path, text).engine[0].peak == ()
    assert "CAL" not in text


def test_an_emulated_board_is_detected_and_nothing_is_measured_on_it(tmp_path):
    def look(root):
        return replace(detected(root), emulator=Fact("qemu-aarch64-st, in user mode", "/proc/self/status"))

    root = lay_out_board("raspberry-pi-5", tmp_path / "root")
    workers, here = Workers(), look_here(root, look=look)
    text = device_from_here(here, Named("ACME Rover", "ACME", ("robotics",)), Library(), launch=workers)
    assert workers.asked == []
    assert "the processor is emulated, by qemu-aarch64-st, in user mode" in text.replace("\n# ", " ")
    assert loaded(tmp_path, text).engine[0].peak == ()
