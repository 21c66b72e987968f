"""The engines of a new device, what each of them reached, and the runtimes on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from assess.measure.calibration.reached import Calibration
from assess.measure.detect import Detected, Gpu
from assess.measure.providers import NVIDIA, certain_engine, is_cpu, likely_engine
from assess.providers import CPU
from assess.report.new.lines import HERE, comment, count, measured, number
from assess.report.toml_text import text


class _Block(NamedTuple):
    """An engine.

    Attributes:
        name: of it.
        lines: of its table and its peaks.
        calibrations: what was measured on it.
    """

    name: str
    lines: list[str]
    calibrations: Sequence[Calibration]


def engines(
    found: Detected | None, calibrations: Sequence[Calibration], runtimes: Mapping[str, str]
) -> list[list[str]]:
    """Tables of the engines and of the runtimes that run on them, the fastest first.

    Args:
        found: what the machine tells of itself; None if the device is another.
        calibrations: what was measured on it.
        runtimes: id of the runtime that stands for an execution provider.
    """
    blocks = list(_engines(found, calibrations))
    tables = [block.lines for block in blocks]
    if found and found.integrated_gpu and not any(block.name == "gpu" for block in blocks):
        chip = found.integrated_gpu
        tables.append([*comment(f"detected: {chip.value} ({chip.source}); if a runtime uses it, fill in:"), *_FILL_GPU])
    bound = [(block.name, each) for block in reversed(blocks) for each in block.calibrations]
    tables += [_runtime(runtimes[each.provider], name, each) for name, each in bound if each.provider in runtimes]
    if not bound:
        tables.append(
            ["[[runtime]]                         # in order of preference; assess list runtimes", *_listed(found)]
        )
    return tables


def _engines(found: Detected | None, calibrations: Sequence[Calibration]) -> Iterator[_Block]:
    on_cpu = [each for each in calibrations if is_cpu(each.provider)]
    yield _Block("cpu", [*_cpu(found), *_peaks(on_cpu[0] if on_cpu else None)], on_cpu)
    worked = [each for each in calibrations if not is_cpu(each.provider) and each.rates]
    gpus = found.gpus if found else ()
    on_gpu = [each for each in worked if each.provider in NVIDIA]
    if gpus or on_gpu:
        driver = found.gpu_driver.value if found and found.gpu_driver else ""
        lines = _gpu(gpus[0], len(gpus), driver) if gpus else _engine("gpu", "gpu")
        yield _Block("gpu", [*lines, *_peaks(on_gpu[0] if on_gpu else None)], on_gpu)
    for each in worked:
        if each not in on_gpu:
            yield _other(each, is_free=not (gpus or on_gpu))


def _other(calibration: Calibration, *, is_free: bool) -> _Block:
    """An engine that only its provider is known of; `is_free`: no engine is called a GPU yet."""
    provider = calibration.provider
    kind = certain_engine(provider)
    if kind and is_free:
        return _Block(kind, [*_engine(kind, kind), *_peaks(calibration)], [calibration])
    mark = "" if kind else f"  # fill in: what {provider} ran on: cpu, gpu, npu, dla or dsp"
    lines = _engine("accelerator", likely_engine(provider), mark)
    return _Block("accelerator", [*lines, *_peaks(calibration)], [calibration])


def _engine(name: str, kind: str, mark: str = "") -> list[str]:
    return ["[[engine]]", f'name = "{name}"', f'kind = "{kind}"{mark}']


def _cpu(found: Detected | None) -> list[str]:
    lines = _engine("cpu", "cpu")
    cores = found.cores if found else None
    if cores:
        many = cores.value.physical or cores.value.online
        said = ["cores", cores.note]
        if cores.value.usable < cores.value.online:
            said.append(f"this process may use {cores.value.usable} of {cores.value.online} CPUs")
        mark = "; ".join(filter(None, said))
        lines.append(f"units = {count(many, HERE, note=cores.source)}  # detected: {mark}")
    else:
        lines.append('# units = { value = 4, source = "DS", grade = "A" }           # fill in: cores')
    return [*lines, *_clock(found), *_instructions(found)]


def _clock(found: Detected | None) -> list[str]:
    kinds = found.core_kinds if found else ()
    clocks = [kind.clock_hz for kind in kinds if kind.clock_hz]
    if len(kinds) == 1 and clocks:
        limit = kinds[0].limit_hz
        mark = f"; limited from {clocks[0] / 1e9:.4g} GHz" if limit else ""
        return [f"clock = {number(limit or clocks[0], 'Hz', HERE, note=kinds[0].source)}  # detected{mark}"]
    lines = ['# clock = { value = "2.4 GHz", source = "DS", grade = "A" }   # fill in']
    for kind in kinds:
        reach = kind.limit_hz or kind.clock_hz
        at = f" at {reach / 1e9:.4g} GHz" if reach else ""
        lines += comment(f"detected: {kind.count} x {kind.name}{at}")
    return lines


def _instructions(found: Detected | None) -> list[str]:
    """What the CPU has instructions for: it explains what it reached."""
    lines = []
    if found and found.features and found.features.value:
        lines += comment(f"detected: features {', '.join(found.features.value)}")
    if found and found.precisions:
        formats = ", ".join(f"{one.precision} by {one.by[0]}" for one in found.precisions.value)
        lines += comment(f"detected: instructions for {formats}; {found.precisions.note}")
    return lines


def _gpu(gpu: Gpu, many: int, driver: str) -> list[str]:
    lines = _engine("gpu", "gpu")
    if many > 1:
        lines.append(f"count = {count(many, HERE, note=gpu.name)}  # detected")
    if gpu.sm_clock_hz:
        lines.append(f"clock = {number(gpu.sm_clock_hz, 'Hz', HERE, note=gpu.name)}  # detected")
    said = f"detected: {gpu.name}{f', NVIDIA driver {driver}' if driver else ''}"
    if gpu.memory_bytes is None:
        return [*lines, *comment(said)]
    lines += comment(f"{said}; if models live in its own memory, that is [memory]:")
    lines.append(f"# capacity = {number(gpu.memory_bytes, 'B', HERE, note=gpu.name)}")
    if bandwidth := gpu.bandwidth:
        lines.append(f"# bandwidth = {number(bandwidth.value, 'B/s', HERE, grade='D', note=bandwidth.note)}")
    return lines


def _peaks(calibration: Calibration | None) -> list[str]:
    if calibration is None:
        return _FILL_PEAK
    lines = []
    for precision in dict.fromkeys(rate.precision for rate in calibration.rates):
        best = calibration.peak(precision)
        if best is not None:
            how = "; ".join(filter(None, (f"{best.kind} ({best.operator}) of {best.shape}", best.note)))
            lines += [
                "",
                "[[engine.peak]]",
                f'precision = "{precision}"',
                measured("measured", calibration, best.operations_per_s, how),
                '# dense = { value = "2 TOPS", source = "DS", grade = "A" }  # fill in',
            ]
    return lines or _FILL_PEAK


_FILL_PEAK: Final = [
    "",
    "# [[engine.peak]]                   # fill in, one for each precision",
    '# precision = "int8"',
    '# dense = { value = "2 TOPS", source = "DS", grade = "A" }    # not sparse, not summed over engines',
]

_FILL_GPU: Final = [
    "# [[engine]]",
    '# name = "gpu"',
    '# kind = "gpu"',
    "",
    "# [[engine.peak]]",
    '# precision = "fp16"',
    _FILL_PEAK[-1],
]


def _runtime(id_: str, engine: str, calibration: Calibration) -> list[str]:
    lines = ["[[runtime]]", f"id = {text(id_)}", f'engine = "{engine}"']
    if calibration.dispatch:
        lines.append(measured("dispatch", calibration, calibration.dispatch, calibration.dispatch.method))
    return lines


def _listed(found: Detected | None) -> list[str]:
    """The runtime of last resort, and what else the installed build has."""
    lines = ['id = "onnxruntime-cpu"', 'engine = "cpu"']
    build = found.runtime if found else None
    others = [name for name in build.value.providers if name != CPU] if build else []
    if build and others:
        lines += comment(f"detected: ONNX Runtime {build.value.version} has {', '.join(others)} too; {build.note}")
    return lines
