"""New devices from recorded boards, whole; `GOLDEN=write pytest tests/report/new` writes them anew."""

import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from recorded_boards import detected, lay_out_board

from assess.describe.library import Library
from assess.describe.lint import lint
from assess.measure.calibration.figures import Figure
from assess.measure.calibration.reached import Calibration, Rate
from assess.measure.detect import Gpu, Gpus
from assess.report.new import Named, NewDevice, new_device

GOLDEN = Path(__file__).parents[2] / "golden"
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
RUNTIMES = {CPU: "onnxruntime-cpu", CUDA: "onnxruntime-cuda"}
GIB = 2**30

CALIBRATION = Calibration(
    provider=CPU,
    threads=6,
    runtime_version="1.22.0",
    rates=(
        Rate(
            "matrix product",
            "fp32",
            "512 x 512 by 512 x 512",
            "MatMul",
            Figure(120e9, 118e9, 121e9, "op/s", 9, "x"),
        ),
        Rate("convolution", "int8", "3 x 3, 64 channels", "QLinearConv", Figure(1e12, 9e11, 1.1e12, "op/s", 9, "x")),
    ),
    streams=(Figure(30.1e9, 29.9e9, 30.2e9, "B/s", 9, "Add of 8 MiB"),),
    dispatch=Figure(2.5e-6, 2.4e-6, 2.6e-6, "s", 9, "line through chains"),
    call=None,
    wall_s=40.0,
    absent={"matrix product fp16": "no kernel for it"},
)


def written(root, name, available=None, calibrations=(CALIBRATION,), **world):
    machine = detected(lay_out_board(name, root), **world)
    board = machine.board.value if machine.board else "Board"
    vendor = machine.vendor.value if machine.vendor else "ACME"
    return new_device(
        NewDevice(
            named=Named(board, vendor, ("robotics",)),
            tool="0.1.0",
            date="2026-11-24",
            detected=machine,
            calibrations=calibrations,
            runtimes=RUNTIMES,
            available_bytes=available,
        )
    )


def device(folder, text, id_="acme-rover"):
    """The device that the text is, without a warning."""
    file = folder / "mine" / "devices" / f"{id_}.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    library = Library([folder / "mine"])
    assert lint(file, library) == ()
    return library.device(id_)


@pytest.mark.parametrize("name", ["jetson-orin-nano", "jetson-agx-orin-30w", "raspberry-pi-5", "thinkpad-p14s"])
def test_a_recorded_board_whole(tmp_path, name):
    text = written(tmp_path, name, available=5 * GIB)
    golden = GOLDEN / f"new-device-{name}.toml"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize(
    "name",
    [
        "jetson-orin-nano",
        "jetson-agx-orin-30w",
        "raspberry-pi-5",
        "raspberry-pi-4",
        "rock-5b",
        "thinkpad-p14s",
        "ec2-t3-medium",
    ],
)
def test_a_recorded_board_is_recognised_by_its_own_file(tmp_path, name):
    machine = detected(lay_out_board(name, tmp_path))
    found = device(tmp_path, written(tmp_path, name, available=2 * GIB))
    identity = machine.recognised_by
    assert found.identity.board == ((identity.board,) if identity.board else ())
    assert found.identity.cpu == ((identity.cpu,) if identity.cpu else ())
    assert found.identity.power_mode == ((identity.power_mode,) if identity.power_mode else ())
    assert found.power_mode == identity.power_mode
    (cpu,) = found.engine
    assert {peak.precision: peak.measured.value for peak in cpu.peak} == {"fp32": 120e9, "int8": 1e12}
    assert found.memory.measured_bandwidth.value == 30.1e9
    left = found.memory.capacity.value - found.memory.reserved.value
    assert left == pytest.approx(machine.memory.value, rel=1e-3)
    assert "2.15 GB of " in (tmp_path / "mine" / "devices" / "acme-rover.toml").read_text()
    assert [(one.id, one.dispatch.value) for one in found.runtime] == [("onnxruntime-cpu", pytest.approx(2.5e-6))]
    assert found.memory.capacity.grade == ("D" if machine.memory_installed.derived else "A")
    assert (found.memory.reserved.grade, found.memory.measured_bandwidth.grade) == ("D", "A")


def test_without_calibration_nothing_is_measured_and_the_cpu_runs_it(tmp_path):
    text = written(tmp_path, "raspberry-pi-5", calibrations=())
    assert "CAL" not in text
    found = device(tmp_path, text)
    assert (found.memory.measured_bandwidth, found.engine[0].peak) == (None, ())
    assert [one.id for one in found.runtime] == ["onnxruntime-cpu"]


def test_what_is_free_changes_no_number_of_the_memory(tmp_path):
    busy, idle = (written(tmp_path / str(free), "raspberry-pi-5", available=free * GIB) for free in (1, 7))
    assert [a for a, b in zip(busy.splitlines(), idle.splitlines(), strict=True) if a != b] == [
        "# detected: 1.07 GB of 8.45 GB were free when this was written, with all that ran then"
    ]


def test_what_the_system_keeps_is_left_open_where_only_memtotal_is_told(tmp_path):
    root = lay_out_board("thinkpad-p14s", tmp_path / "root")
    (root / "proc/meminfo").write_text(f"MemTotal: {20 * GIB // 1024} kB\n")
    machine = detected(root)
    named = Named("Guest", "ACME", ("robotics",))
    text = new_device(NewDevice(named=named, tool="0.1.0", date="2026-11-24", detected=machine))
    found = device(tmp_path, text)
    assert (found.memory.capacity.value, found.memory.reserved) == (pytest.approx(20 * GIB, rel=1e-3), None)
    assert "# fill in: the capacity that is fitted instead, and what the system keeps of it\n" in text
    assert "# not detected: reserved memory: capacity and MemTotal are not both known\n" in text


def test_a_gpu_and_its_provider_come_first(tmp_path):
    gpu = Gpu("NVIDIA L4", 24 * GIB, 2.04e9, 6.25e9, 192)
    on_gpu = replace(CALIBRATION, provider=CUDA, dispatch=None, absent={})
    found = device(
        tmp_path,
        written(tmp_path, "ec2-t3-medium", calibrations=(CALIBRATION, on_gpu), gpus=lambda: Gpus((gpu, gpu), "550")),
    )
    assert [(engine.name, engine.count and engine.count.value) for engine in found.engine] == [
        ("cpu", None),
        ("gpu", 2),
    ]
    assert [(one.id, one.engine) for one in found.runtime] == [("onnxruntime-cuda", "gpu"), ("onnxruntime-cpu", "cpu")]


def test_what_disturbed_a_number_stands_with_it_and_what_is_absent_stands_once(tmp_path):
    shared = "this process got 50% of a CPU: others share it"
    absent = {
        "matrix product fp16": "no kernel: 2 casts were put around it",
        "dispatch": "noise",
        "convolution fp16": "no kernel: 3 casts were put around it",
        "matrix product bf16": "refused: MatMul(13) is not there",
        "convolution bf16": "refused: Conv(22) is not there",
    }
    text = written(tmp_path, "thinkpad-p14s", calibrations=[replace(CALIBRATION, why_shared=shared, absent=absent)])
    lines = text.splitlines()
    numbers = [line for line in lines if 'source = "CAL"' in line]
    assert len(numbers) == 4
    for line in numbers:
        assert line.endswith("# measured, disturbed")
        assert f"; disturbed: {shared}" in line or f"something disturbed the host; {shared}" in line
    assert [line for line in lines if "not measured" in line] == [
        "# not measured: matrix product fp16, convolution fp16: no kernel: 2 casts were put around it",
        "# not measured: dispatch: noise",
        "# not measured: matrix product bf16, convolution bf16: refused: MatMul(13) is not there",
    ]
    assert lines.index("# not measured: dispatch: noise") > lines.index("[[runtime]]")


def test_what_nvml_tells_is_of_an_engine_of_nvidia_only(tmp_path):
    gpu = Gpu("NVIDIA L4", 24 * GIB, 2.04e9, 6.25e9, 192)
    other = replace(CALIBRATION, provider="OpenVINOExecutionProvider", absent={})
    text = written(tmp_path, "ec2-t3-medium", calibrations=(CALIBRATION, other), gpus=lambda: Gpus((gpu,), "550.54"))
    nvidia, accelerator = (text[text.index(f'name = "{name}"') :].split("\n\n")[0] for name in ("gpu", "accelerator"))
    assert nvidia.splitlines()[2:] == [
        'clock = { value = "2.04 GHz", source = "HERE", grade = "A", note = "NVIDIA L4" }  # detected',
        "# detected: NVIDIA L4, NVIDIA driver 550.54; if models live in its own memory, that is [memory]:",
        '# capacity = { value = "25.77 GB", source = "HERE", grade = "A", note = "NVIDIA L4" }',
        '# bandwidth = { value = "300 GB/s", source = "HERE", grade = "D", note = "192 bit / 8 x 2 x 6250 MHz" }',
    ]
    assert "NVIDIA" not in accelerator
    assert 'kind = "cpu"  # fill in: what OpenVINOExecutionProvider ran on' in accelerator


def test_a_calibration_that_measured_nothing_is_no_source(tmp_path):
    nothing = replace(CALIBRATION, runtime_version="", rates=(), streams=(), dispatch=None, absent={"all": "hung"})
    text = written(tmp_path, "thinkpad-p14s", calibrations=(nothing,))
    assert set(device(tmp_path, text).sources) == {"HERE"}
    assert "# not measured: all: hung\n" in text


def test_a_provider_that_measured_nothing_is_no_engine(tmp_path):
    nothing = replace(CALIBRATION, provider=CUDA, rates=(), streams=(), dispatch=None, absent={"all": "no driver"})
    text = written(tmp_path, "thinkpad-p14s", calibrations=(CALIBRATION, nothing))
    assert "# not measured: CUDAExecutionProvider: all: no driver\n" in text
    assert [engine.name for engine in device(tmp_path, text).engine] == ["cpu"]


def test_what_explains_the_numbers_is_told_in_comments(tmp_path):
    text = written(tmp_path, "ec2-t3-medium")
    assert "# detected: a guest of Amazon EC2 (/sys/class/dmi/id/sys_vendor): others may share the host\n" in text
    text = written(tmp_path / "other", "jetson-agx-orin-30w")
    assert "MAXN (nvpmodel -m 0), MODE_15W (nvpmodel -m 1), MODE_50W (nvpmodel -m 3)\n" in text
    assert "Ubuntu 22.04.5 LTS, kernel 5.15.148-tegra, Jetson Linux 36.4.4, ONNX Runtime 1.22.0" in text
    assert "# detected: features asimd, asimdhp, asimddp\n" in text


def test_a_gpu_on_the_chip_is_left_to_the_author(tmp_path):
    text = written(tmp_path, "raspberry-pi-5")
    assert "# detected: brcm,2712-v3d (" in text
    assert [engine.name for engine in device(tmp_path, text).engine] == ["cpu"]
    here = text.index("# [[engine]]")
    filled = text[here:].replace("# [[engine", "[[engine").replace("# name", "name").replace("# kind", "kind")
    filled = filled.replace("# precision", "precision").replace("# dense", "dense").replace('"DS"', '"HERE"', 1)
    found = Library([tmp_path / "mine"])
    (tmp_path / "mine" / "devices" / "acme-rover.toml").write_text(text[:here] + filled)
    assert found.device("acme-rover").engine[1].dense("fp16").value == 2e12


def test_what_firmware_says_is_data(tmp_path):
    machine = detected(lay_out_board("raspberry-pi-5", tmp_path))
    name = 'Evil"]\nextends = "sony-ps5"\n#\x1b[31m\x7f'
    told = replace(
        machine,
        board=replace(machine.board, value=name),
        recognised_by=replace(machine.recognised_by, board=name),
        absent={"x\ny = 1": "because\nz = 2"},
    )
    text = new_device(NewDevice(named=Named(name, "v", ("robotics",)), tool="0.1.0", date="2026-11-24", detected=told))
    read = tomllib.loads(text)
    assert read["identity"]["board"] == [name]
    assert read["name"] == name
    assert {"extends", "y", "z"}.isdisjoint(read)


def test_another_device_is_all_to_fill_in(tmp_path):
    text = new_device(NewDevice(named=Named("Rover", "ACME", ("robotics",)), tool="0.1.0", date=""))
    found = device(tmp_path, text)
    assert (found.name, found.vendor, found.sectors, found.identity) == ("Rover", "ACME", ("robotics",), None)
    assert "HERE" not in text


def test_every_line_to_fill_in_is_right_once_its_mark_is_gone(tmp_path):
    text = new_device(NewDevice(named=Named("Rover", "ACME", ("robotics",)), tool="0.1.0", date=""))
    lines = []
    for line in text.splitlines():
        inside = line.removeprefix("# ")
        is_toml = line.startswith("# ") and (" = " in inside or inside.startswith("["))
        lines.append(inside if is_toml else line)
    found = device(tmp_path, "\n".join(lines))
    assert found.power.value == 15.0
    assert found.memory.capacity.value == 8 * GIB
    assert found.engine[0].peak[0].dense.value == 2e12
    assert (found.thermal.low.value, found.thermal.high.value) == (-25.0, 80.0)
    assert found.identity.board == ("ACME Rover Board",)
