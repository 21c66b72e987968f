"""NVIDIA GPUs, with a library of Python in place of the driver's."""

import pytest

from assess.measure.detect import Gpu, Gpus
from assess.measure.detect.gpus import nvidia_gpus


class Library:
    """Cards or none: NVML's functions write their answers behind their last arguments."""

    def __init__(self, gpus=1, name=b"NVIDIA H100 80GB HBM3", **refused):
        self.gpus, self.name, self.refused, self.ended = gpus, name, refused, 0

    def __getattr__(self, name):
        if not name.startswith("nvml") or self.refused.get(name) == "missing":
            raise AttributeError(name)

        def call(*arguments):
            return self.refused.get(name, 0) or self.answer(name, arguments)

        return call

    def answer(self, name, arguments):
        numbers = {
            "nvmlDeviceGetCount_v2": self.gpus,
            "nvmlDeviceGetHandleByIndex_v2": 0xF00,
            "nvmlDeviceGetMemoryBusWidth": 5120,
        }
        if name == "nvmlShutdown":
            self.ended += 1
        elif name in ("nvmlDeviceGetName", "nvmlSystemGetDriverVersion"):
            arguments[-2].value = self.name if name == "nvmlDeviceGetName" else b"550.54.15"
        elif name == "nvmlDeviceGetMemoryInfo":
            arguments[-1]._obj.total = 85_520_809_984
        elif name == "nvmlDeviceGetMaxClockInfo":
            arguments[-1]._obj.value = {1: 1980, 2: 2619}[arguments[1].value]
        elif name != "nvmlInit_v2":
            arguments[-1]._obj.value = numbers[name]
        return 0


def test_a_card_tells_memory_clocks_and_width():
    library = Library()

    card = Gpu("NVIDIA H100 80GB HBM3", 85_520_809_984, 1.98e9, 2.619e9, 5120)
    assert nvidia_gpus(lambda: library) == Gpus((card,), "550.54.15")
    assert library.ended == 1


def test_a_jetson_s_library_answers_few():
    silent = ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetMemoryBusWidth")
    library = Library(name=b"Orin (nvgpu)", **dict.fromkeys(silent, 3))

    (gpu,) = nvidia_gpus(lambda: library).gpus

    assert gpu == Gpu("Orin (nvgpu)", None, None, None, None, gpu.absent)
    assert gpu.absent == dict.fromkeys(("memory", "SM clock", "memory clock", "bus width"), "not supported by this GPU")


def test_each_card_is_told():
    assert len(nvidia_gpus(lambda: Library(gpus=2)).gpus) == 2


def test_an_old_driver_lacks_functions_and_a_name_steers_no_terminal():
    (gpu,) = nvidia_gpus(lambda: Library(name=b"\x1b[31mGPU", nvmlDeviceGetMemoryBusWidth="missing")).gpus
    assert gpu.name == "\\x1b[31mGPU"
    assert gpu.absent == {"bus width": "this driver's library lacks the function"}


@pytest.mark.parametrize(
    ("library", "why"),
    [
        (Library(nvmlInit_v2=9), "the NVIDIA driver is not loaded"),
        (Library(nvmlDeviceGetCount_v2=77), "NVML error 77"),
        (Library(nvmlSystemGetDriverVersion=999, nvmlShutdown=999), "unknown error"),
        (Library(nvmlDeviceGetHandleByIndex_v2=15), "the GPU has fallen off the bus"),
        (Library(gpus=0), "the driver shows no GPU"),
    ],
)
def test_why_there_is_none(library, why):
    found = nvidia_gpus(lambda: library)
    assert (found.gpus, found.why_none) == ((), why)


def test_no_library():
    def load():
        raise OSError("libnvidia-ml.so.1: cannot open shared object file")

    assert nvidia_gpus(load) == Gpus(why_none="no NVIDIA driver: libnvidia-ml.so.1: cannot open shared object file")
