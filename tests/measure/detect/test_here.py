"""The machine at hand and the ONNX Runtime that is installed, for real."""

import os
import platform
import subprocess
import sys

import pytest

from assess.measure.detect import detect
from assess.measure.detect.providers import installed_runtime
from assess.measure.host import read_host


@pytest.mark.slow
def test_a_child_tells_the_installed_runtime_and_its_providers():
    found = installed_runtime()
    assert "CPUExecutionProvider" in found.providers
    assert found.version[0].isdecimal()


@pytest.mark.slow
def test_asking_the_runtime_does_not_import_it():
    code = (
        "import sys; from assess.measure.detect.providers import installed_runtime; installed_runtime(); "
        "sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_this_machine_is_detected():
    machine, host = detect(), read_host()
    identity = machine.recognised_by
    assert identity.board in ("", host.board)
    assert identity.cpu in ("", host.cpu)
    assert identity.power_mode == host.power_mode
    assert machine.memory.value == host.memory_bytes <= machine.memory_installed.value
    assert machine.cores.value.usable == len(os.sched_getaffinity(0))
    assert sum(kind.count for kind in machine.core_kinds) == machine.cores.value.online
    assert machine.kernel.value == platform.release()
    assert "fp32" in {support.precision for support in machine.precisions.value}
    assert machine.storage.value > 0
    assert machine.runtime.value.providers
