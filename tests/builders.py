"""Small whole records for tests, each with one thing changed: `model(precision="int8")`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from assess.describe.device import Device
from assess.describe.model import Model, ModelFile, OperatorGroup, Port, Quantisation
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.workload import Job, Workload
from assess.judge.case import Case
from assess.measure.baseline import (
    Acceptance,
    Baseline,
    StoredFit,
    StoredLaunch,
    StoredOutputs,
    StoredRun,
    StoredSentinel,
)
from assess.measure.frames import closed_loop_frames
from assess.measure.measurement import Effective, Host, InputUsed, Measurement, Memory, Settings
from assess.measure.plain import Signed
from assess.project.estimates import estimate

CONV = OperatorGroup(
    "Conv", "ai.onnx", "convolution", "fp32", 2, 500_000_000, 600_000, 400_000, 3_000_000, ("float32",)
)
RELU = OperatorGroup("Relu", "ai.onnx", "elementwise", "fp32", 2, 0, 400_000, 400_000, 0, ("float32",))

#: Service times of as many frames as certify p99: 10 ms to 10.699 ms, in no order.
CERTIFYING = tuple(10_000_000 + 1000 * ((index * 37) % 700) for index in range(3500))

MS = 1_000_000
WORKLOAD: dict[str, Any] = {
    "name": "Camera perception at 30 Hz",
    "version": 1,
    "sectors": ["robotics"],
    "why": "one result per frame",
    "source": "arithmetic",
    "scenario": {"kind": "single", "rate": "30 Hz"},
    "requires": {"deadline": "33 ms", "percentile": 99, "memory_share": "25 %"},
}
DEVICE: dict[str, Any] = {
    "id": "acme-rover",
    "name": "ACME Rover",
    "vendor": "ACME",
    "sectors": ["robotics"],
    "availability": "shipping",
    "sources": {"DS": {"where": "ACME data sheet, rev 3"}},
    "identity": {"board": ["ACME Rover Board"]},
    "engine": [
        {"name": "npu", "kind": "npu", "peak": [
            {"precision": "fp32", "dense": {"value": "1 TOPS", "source": "DS", "grade": "A"}},
            {"precision": "int8", "dense": {"value": "4 TOPS", "source": "DS", "grade": "A"}},
        ]},
    ],
    "memory": {
        "kind": "unified",
        "capacity": {"value": "1 GB", "source": "DS", "grade": "A"},
        "reserved": {"value": "200 MB", "source": "DS", "grade": "A"},
        "bandwidth": {"value": "10 GB/s", "source": "DS", "grade": "A"},
    },
    "runtime": [{"id": "acme-rt", "engine": "npu"}],
}  # fmt: skip
RUNTIME: dict[str, Any] = {
    "id": "acme-rt",
    "name": "ACME Runtime",
    "version": "2",
    "source": "ACME manual",
    "provider": "CPUExecutionProvider",
    "opset": {"min": 7, "max": 17},
    "precisions": ["fp32", "int8"],
    "quantisation": {"formats": ["QDQ"], "granularity": ["per-tensor"]},
    "operators": {"Conv": {}, "Relu": {}},
}


def model(**changes: Any) -> Model:
    """A model of 1 GMAC and 6 MB in two convolutions; live activations of 1 MB."""
    made = Model(
        name="student.onnx",
        sha256="ab" * 32,
        files=(ModelFile("student.onnx", 6_100_000, "ab" * 32),),
        producer="pytorch 2.13.0",
        licence="Apache-2.0",
        licence_basis="card",
        metadata={},
        ir_version=8,
        opsets={"ai.onnx": 13},
        dims={},
        inputs=(Port("image", "float32", (1, 3, 224, 224), "image", "graph"),),
        outputs=(Port("scores", "float32", (1, 10)),),
        nodes=4,
        parameters=1_500_000,
        weight_bytes={"float32": 6_000_000},
        macs=1_000_000_000,
        unknown=(),
        peak_activation_bytes=1_000_000,
        operators=(CONV, RELU),
        precision="fp32",
        quantisation=Quantisation(),
    )
    return replace(made, **changes)


def runtime(**changes: Any) -> Runtime:
    return Runtime.model_validate({**RUNTIME, **changes})


def device(**changes: Any) -> Device:
    """A device of 1 TOPS fp32, 4 TOPS int8, 10 GB/s, 800 MB free, with one runtime."""
    runtimes = changes.pop("runtimes", (runtime(),))
    fallbacks = changes.pop("fallbacks", {})
    made = Device.model_validate({**DEVICE, **changes})
    return made.model_copy(update={"runtimes": runtimes, "fallbacks": fallbacks})


def workload(**requires: Any) -> Workload:
    """Deadline 33 ms at p99, a quarter of the memory."""
    return Workload.model_validate({**WORKLOAD, "id": "camera-30hz", "requires": {**WORKLOAD["requires"], **requires}})


def job(**scenario: Any) -> Job:
    """The same workload with another scenario, as authored: `job(kind="periodic", rate="100 Hz")`."""
    authored = {**WORKLOAD, "scenario": scenario} if scenario else WORKLOAD
    return Job(Workload.model_validate({**authored, "id": "camera-30hz"}), authored, Path())


def partner(**policy: Any) -> Partner:
    return Partner.model_validate(
        {
            "id": "acme", "name": "ACME", "summary": "Rovers.", "source": "none: a test", "devices": ["acme-rover"],
            "workloads": ["camera-30hz"], "policy": {"licences": ["Apache-2.0", "MIT"], **policy},
        }
    )  # fmt: skip


def standard(**changes: Any) -> Standard:
    return Standard.model_validate(
        {
            "id": "acme-1", "name": "ACME 1:2026", "title": "Rovers - Safety", "source": "none: a test", "grade": "A",
            "shows": "How fast one build is.", "cannot_show": "That it is safe.", **changes,
        }
    )  # fmt: skip


def host(**changes: Any) -> Host:
    return replace(
        Host("aarch64", 6, "Linux 6.8", board="ACME Rover Board", cpu="Cortex-A78", memory_bytes=10**9, cpu_share=1.0),
        **changes,
    )


def measurement(**changes: Any) -> Measurement:
    """700 inferences of 10 ms to 10.699 ms on the rover itself; `service_ns` gives other ones."""
    if "service_ns" in changes:
        changes["frames"] = closed_loop_frames(changes.pop("service_ns"))
    made = Measurement(
        tool="0.1.0",
        created="2026-11-23T12:00:00Z",
        model=model(),
        workload_id="camera-30hz",
        workload=WORKLOAD,
        requested=Settings(),
        effective=Effective(("CPUExecutionProvider",), 2, "all", "preallocated", 50, {"onnxruntime": "1.32.0"}),
        inputs=(InputUsed("image", "float32", (1, 3, 224, 224), "generated", "cd" * 32),),
        frames=closed_loop_frames(tuple(10_000_000 + 1000 * ((index * 37) % 700) for index in range(700))),
        back_to_back_ns=(),
        load_s=0.2,
        first_s=0.05,
        memory=Memory("VmHWM", 50_000_000, 62_000_000, 60_000_000, 60_000_000),
        before=host(),
        after=host(),
    )
    return replace(made, **changes)


def case(
    *,
    of: Model | None = None,
    on: Device | None = None,
    job: Workload | None = None,
    whom: Partner | None = None,
    run: Measurement | None = None,
) -> Case:
    """A case with its estimates; nothing was run unless `run` is given."""
    subject, target, wanted = of or model(), on or device(), job or workload()
    return Case(subject, wanted, target, whom, run, estimate(subject, wanted, target, run))


def baseline(**changes: Any) -> Baseline:
    """Sixteen launches of 1 ms on the rover, of the model above; its outputs were kept of one frame."""
    launches = tuple(
        StoredLaunch(200, MS + step, MS + 100, MS + 200, MS + 300, MS + 400, 2 * MS, 60_000_000, 59_000_000)
        for step in range(16)
    )
    made = Baseline(
        tool="0.1.0",
        acceptance=Acceptance("2026-11-23T12:00:00+00:00", "Mio", "the first one", "ab" * 20),
        model=model(),
        workload_id="",
        workload={},
        settings=Settings(),
        host=host(),
        machine="0123456789abcdef",
        versions={"onnxruntime": "1.32.0"},
        launches=launches,
        placebo={"latency floor": (Signed(0.001), Signed(-0.001)), "latency median": (Signed(0.0), Signed(0.0))},
        sentinel=StoredSentinel("cd" * 32, 500_000),
        outputs=StoredOutputs(("run",), "ef" * 32, ("y",), ("float32",), ("eJw=",)),
    )
    return replace(made, **changes)


def stored_run() -> StoredRun:
    return StoredRun(
        700, (StoredFit("acme-rover", "ab" * 32, "READY", {"latency": "PASS"}),), {"package": 0.1}, {"TopK": 1}
    )
