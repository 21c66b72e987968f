"""NVIDIA GPUs, with a library of Python in place of the driver's."""

import pytest

from assess.measure.sensors.nvml import nvml, throttle_words


class Library:
    """One GPU or more: NVML's functions write their answer behind the last argument."""

    def __init__(self, gpus=1, refused=(), reasons=0x24):
        self.gpus, self.refused, self.reasons = gpus, dict(refused), reasons

    def __getattr__(self, name):
        if not name.startswith("nvml") or self.refused.get(name) == "missing":
            raise AttributeError(name)

        def call(*arguments):
            return self.refused.get(name, 0) or self.answer(name, arguments)

        return call

    def answer(self, name, arguments):
        values = {
            "nvmlDeviceGetCount_v2": self.gpus,
            "nvmlDeviceGetHandleByIndex_v2": 0xF00,
            "nvmlDeviceGetTotalEnergyConsumption": 123_456,
            "nvmlDeviceGetPowerUsage": 250_500,
            "nvmlDeviceGetClockInfo": 1_980,
            "nvmlDeviceGetTemperature": 64,
            "nvmlDeviceGetCurrentClocksThrottleReasons": self.reasons,
        }
        if name == "nvmlInit_v2":
            return 0
        if name == "nvmlDeviceGetMemoryInfo":
            arguments[-1]._obj.used = 2 << 30
            return 0
        arguments[-1]._obj.value = values[name]
        return 0


def test_a_gpu_counts_its_energy_and_tells_memory_clock_temperature_and_throttling():
    found = nvml(Library)

    assert [(sensor.name, sensor.quantity, read()) for sensor, read in found.probes] == [
        ("GPU 0 energy", "energy", 123.456),
        ("GPU 0 memory", "device memory", 2147483648.0),
        ("GPU 0 clock", "frequency", 1.98e9),
        ("GPU 0 temperature", "temperature", 64.0),
        ("GPU 0 throttling", "throttling", 0x24),
    ]
    assert found.absent == {}
    assert found.probes[0].sensor.covers == "the whole GPU board with its memory; not the processor that feeds it"


def test_an_idle_clock_or_one_that_someone_set_is_no_throttling():
    readings = {sensor.name: read() for sensor, read in nvml(lambda: Library(reasons=0x1 | 0x2 | 0x10)).probes}

    assert readings["GPU 0 throttling"] == 0.0


def test_a_gpu_that_counts_no_energy_tells_its_power():
    found = nvml(lambda: Library(refused={"nvmlDeviceGetTotalEnergyConsumption": 3}))

    assert (found.probes[0].sensor.name, found.probes[0].read()) == ("GPU 0 power", 250.5)
    assert found.probes[0].sensor.updates_s == 1.0
    assert found.absent == {"GPU 0 energy": "cannot be read: not supported by this GPU"}


def test_each_gpu_is_read():
    assert [sensor.name for sensor, _ in nvml(lambda: Library(gpus=2)).probes if sensor.quantity == "energy"] == [
        "GPU 0 energy",
        "GPU 1 energy",
    ]


def test_an_old_driver_lacks_functions():
    found = nvml(lambda: Library(refused={"nvmlDeviceGetCurrentClocksThrottleReasons": "missing"}))

    assert found.absent == {"GPU 0 throttling": "cannot be read: this driver's library lacks the function"}


@pytest.mark.parametrize(
    ("library", "why"),
    [
        (Library(refused={"nvmlInit_v2": 9}), "the NVIDIA driver is not loaded"),
        (Library(refused={"nvmlInit_v2": 77}), "NVML error 77"),
        (Library(gpus=0), "the driver shows no GPU"),
    ],
)
def test_a_library_without_a_gpu(library, why):
    assert nvml(lambda: library).absent == {"NVML": why}


def test_no_library():
    def load():
        raise OSError("libnvidia-ml.so.1: cannot open shared object file: No such file or directory")

    assert nvml(load).absent == {
        "NVML": "no NVIDIA driver: libnvidia-ml.so.1: cannot open shared object file: No such file or directory"
    }


def test_reasons_in_words():
    assert throttle_words(0x24) == "power cap, software thermal slowdown"
    assert throttle_words(0x1) == ""
