"""What execution providers of ONNX Runtime run on: the kind of engine, where it is certain and where it is likely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from assess.providers import CPU

EngineKind = Literal["cpu", "gpu", "npu"]

#: Their device is an NVIDIA GPU, the one that NVML tells of.
NVIDIA: Final = ("CUDAExecutionProvider", "TensorrtExecutionProvider", "NvTensorRTRTXExecutionProvider")

#: Where there is only one answer.
_CERTAIN: Final[Mapping[str, EngineKind]] = {
    CPU: "cpu", "XnnpackExecutionProvider": "cpu", **dict.fromkeys(NVIDIA, "gpu"),
    "ROCMExecutionProvider": "gpu", "MIGraphXExecutionProvider": "gpu",
}  # fmt: skip
#: What it mostly is, where a provider runs on several.
_MOSTLY: Final[Mapping[str, EngineKind]] = {
    "DmlExecutionProvider": "gpu", "WebGpuExecutionProvider": "gpu", "OpenVINOExecutionProvider": "cpu",
}  # fmt: skip


def certain_engine(provider: str) -> EngineKind | None:
    """The kind of engine that a provider runs on; None where it may be one of several."""
    return _CERTAIN.get(provider)


def likely_engine(provider: str) -> EngineKind:
    """The kind of engine that a provider mostly runs on; those that are not known here are made for NPUs."""
    return _CERTAIN.get(provider) or _MOSTLY.get(provider, "npu")


def is_cpu(provider: str) -> bool:
    """Whether a provider certainly runs on the CPU."""
    return certain_engine(provider) == "cpu"
