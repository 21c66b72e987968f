"""The flow of a new device: which providers are calibrated, in which time, and what becomes of it."""

from datetime import date

import pytest
from recorded_boards import detected, lay_out_board

from assess.authoring import device_from_here
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.measure.detect import RuntimeBuild
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


def asked(found):
    return found.board.value, "ACME", ("robotics",)


def text_of(tmp_path, providers=(CPU,), **changes):
    root = lay_out_board("raspberry-pi-5", tmp_path / "root")
    workers, told = Workers(), []
    text = device_from_here(
        "acme-rover",
        asked,
        Library(),
        root=root,
        look=lambda root: detected(root, providers=lambda: RuntimeBuild("1.22.0", providers)),
        launch=workers,
        on_progress=lambda what, done, left_s: told.append(what),
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
    assert told[0].startswith(f"{CPU}: ")


def test_the_first_other_provider_with_a_runtime_of_ours_is_calibrated_too(tmp_path):
    text, asked_for, _ = text_of(tmp_path, providers=("NobodysExecutionProvider", CUDA, CPU))
    found = loaded(tmp_path, text)
    assert {provider for provider, _, _ in asked_for} == {CPU, CUDA}
    assert [one.id for one in found.runtime] == ["onnxruntime-cuda", "onnxruntime-cpu"]
    assert [engine.name for engine in found.engine] == ["cpu", "gpu"]


def test_without_time_nothing_is_calibrated(tmp_path):
    text, asked_for, told = text_of(tmp_path, budget_s=0.0)
    assert (asked_for, told) == ([], [])
    assert loaded(tmp_path, text).engine[0].peak == ()
    assert "CAL" not in text
