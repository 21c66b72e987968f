"""Recorded boards, in exact numbers; where the numbers come from is in trees/README.md."""

import builders
import pytest

from assess.errors import AssessError
from assess.measure.calibration.working_set import last_level_cache_bytes
from assess.measure.detect import CoreKind, Cores, Fact, Gpu, Gpus, PowerMode, Recognised, RuntimeBuild, Support
from assess.measure.host import read_host
from assess.project.target import why_not_the_device

TREES = (
    "jetson-orin-nano", "jetson-agx-orin-30w", "raspberry-pi-5", "raspberry-pi-4", "rock-5b", "thinkpad-p14s",
    "ec2-t3-medium",
)  # fmt: skip
GIB = 2**30
KIB = 2**10


def kinds(machine):
    return [(kind.name, kind.count, kind.clock_hz, kind.limit_hz) for kind in machine.core_kinds]


def by_precision(machine):
    return {support.precision: support.by for support in machine.precisions.value}


def test_a_jetson_orin_nano(tree, found):
    machine = found(tree("jetson-orin-nano"))

    name = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    assert machine.board == Fact(name, "/proc/device-tree/model")
    assert machine.vendor == Fact("NVIDIA", "/proc/device-tree/compatible", "of nvidia,p3768-0000+p3767-0005-super")
    assert machine.module == Fact(
        "NVIDIA Jetson Orin Nano 8GB, of the developer kit",
        "/proc/device-tree/compatible",
        "module P3767-0005",
        derived=True,
    )
    assert kinds(machine) == [("Cortex-A78AE", 6, 1.728e9, None)]
    assert machine.cores.value == Cores(online=6, usable=6, physical=6)
    assert machine.features.value == ("asimd", "asimdhp", "asimddp")
    assert by_precision(machine) == {
        "fp64": ("asimd",),
        "fp32": ("asimd",),
        "fp16": ("asimdhp",),
        "int8": ("asimddp", "asimd"),
    }
    assert machine.memory.value == 7802736 * KIB
    assert (machine.memory_installed.value, machine.memory_installed.derived) == (8 * GIB, True)
    assert machine.memory_kind == Fact(
        "unified",
        "/proc/device-tree/bus@0/gpu@17000000/compatible",
        "the GPU on the chip (nvidia,ga10b) has no memory of its own",
    )
    assert machine.power_mode.value == PowerMode(2, "MAXN_SUPER", None)
    assert [(mode.name, mode.watts) for mode in machine.power_modes] == [
        ("15W", 15.0),
        ("25W", 25.0),
        ("MAXN_SUPER", None),
        ("7W", 7.0),
    ]
    assert machine.board_support.value == "Jetson Linux 36.4.7"
    assert (machine.os.value, machine.kernel.value) == ("Ubuntu 22.04.5 LTS", "5.15.148-tegra")
    assert machine.storage.value == 64_000_000_000
    assert set(machine.absent) == {"GPUs", "GPU driver", "memory modules", "virtualisation"}


def test_what_its_kernel_calls_every_arm_cpu_identifies_no_jetson(tree, found):
    machine = found(tree("jetson-orin-nano"))

    assert machine.cpu == Fact(
        "ARMv8 Processor rev 1 (v8l)", "/proc/cpuinfo", "that is the architecture's name; the cores have their own"
    )
    assert machine.recognised_by == Recognised(machine.board.value, "", "MAXN_SUPER")


def test_a_power_mode_switches_cores_off_and_caps_the_others(tree, found):
    machine = found(tree("jetson-agx-orin-30w"))

    assert machine.recognised_by == Recognised("NVIDIA Jetson AGX Orin Developer Kit", "", "MODE_30W")
    assert machine.power_mode.value == PowerMode(2, "MODE_30W", 30.0)
    assert machine.power_mode.source == "/var/lib/nvpmodel/status and /etc/nvpmodel.conf"
    assert [mode.watts for mode in machine.power_modes] == [None, 15.0, 30.0, 50.0]
    assert machine.cores.value == Cores(online=8, usable=8, physical=8)
    assert machine.cores.note == "4 of 12 are switched off"
    assert kinds(machine) == [("Cortex-A78AE", 8, 2.2016e9, 1.728e9)]
    assert machine.module.value == "NVIDIA Jetson AGX Orin 64GB"
    assert (machine.memory.value, machine.memory_installed.value) == (64349016 * KIB, 64 * GIB)


def test_a_raspberry_pi_5_states_its_memory_in_its_revision(tree, found):
    machine = found(tree("raspberry-pi-5"))

    assert machine.recognised_by == Recognised("Raspberry Pi 5 Model B Rev 1.0", "Cortex-A76", "")
    assert machine.vendor.value == "Raspberry Pi"
    assert kinds(machine) == [("Cortex-A76", 4, 2.4e9, None)]
    assert machine.memory.value == 8255888 * KIB
    assert machine.memory_installed == Fact(8 * GIB, "/proc/cpuinfo", "revision d04170: 8192 MiB in bits 20 to 22")
    assert (machine.memory_kind.value, machine.integrated_gpu.value) == ("unified", "brcm,2712-v3d")
    assert by_precision(machine)["int8"] == ("asimddp", "asimd")
    assert machine.absent["power mode"] == "no nvpmodel status: only Jetson boards have one"


def test_a_raspberry_pi_4_has_no_instructions_for_fp16(tree, found):
    machine = found(tree("raspberry-pi-4"))

    assert kinds(machine) == [("Cortex-A72", 4, 1.8e9, None)]
    assert by_precision(machine) == {"fp64": ("asimd",), "fp32": ("asimd",), "int8": ("asimd",)}
    assert (machine.memory.value, machine.memory_installed.value) == (3886896 * KIB, 4 * GIB)
    assert machine.integrated_gpu.value == "brcm,2711-v3d"


def test_big_and_little_cores_are_kept_apart(tree, found):
    machine = found(tree("rock-5b"))

    assert machine.core_kinds == (
        CoreKind("Cortex-A55", (0, 1, 2, 3), 1.8e9, None, "/proc/cpuinfo"),
        CoreKind("Cortex-A76", (4, 5, 6, 7), 2.4e9, None, "/proc/cpuinfo"),
    )
    assert machine.cores.value == Cores(online=8, usable=4, physical=8)
    assert machine.recognised_by.cpu == "Cortex-A55, Cortex-A76"
    assert machine.memory_installed == Fact(
        16 * GIB,
        "/proc/meminfo MemTotal",
        "MemTotal of 15.35 GiB, rounded up to a size that machines are sold with",
        derived=True,
    )
    assert machine.absent["module"] == "no part number that is known here"


def test_a_laptop_is_named_by_its_machine_type(tree, found):
    machine = found(tree("thinkpad-p14s"))

    assert machine.board == Fact(
        "20VX0068GE", "/sys/class/dmi/id/product_name", "product version: ThinkPad P14s Gen 2i"
    )
    assert machine.vendor == Fact("LENOVO", "/sys/class/dmi/id/sys_vendor")
    assert machine.recognised_by == Recognised("20VX0068GE", "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "")
    assert kinds(machine) == [("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", 8, 4.7e9, None)]
    assert machine.cores.value == Cores(online=8, usable=8, physical=4)
    assert machine.features.value == ("sse2", "f16c", "fma", "avx2", "avx512f", "avx512_vnni")
    assert by_precision(machine) == {
        "fp64": ("avx512f", "avx2", "sse2"),
        "fp32": ("avx512f", "avx2", "sse2"),
        "int8": ("avx512_vnni", "avx2"),
    }
    assert (machine.memory.value, machine.memory_installed.value) == (15770044 * KIB, 16 * GIB)
    assert (machine.memory_kind.value, machine.memory_kind.derived) == ("dram", True)
    assert machine.absent["virtualisation"] == "no hypervisor flag in /proc/cpuinfo, and no hypervisor's name in DMI"


def test_a_guest_in_a_cloud_knows_no_clock(tree, found):
    machine = found(tree("ec2-t3-medium"))

    assert machine.virtualisation == Fact("Amazon EC2", "/sys/class/dmi/id/sys_vendor")
    assert machine.recognised_by == Recognised("t3.medium", "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "")
    assert kinds(machine) == [("Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", 2, None, None)]
    assert machine.absent["CPU clock"] == (
        "no cpufreq in /sys/devices/system/cpu: the firmware or a hypervisor decides it and does not tell"
    )
    assert machine.cores.value == Cores(online=2, usable=2, physical=1)
    assert by_precision(machine)["int8"] == ("avx2",)
    assert (machine.memory.value, machine.memory_installed.value) == (3943312 * KIB, 4 * GIB)
    assert machine.os.value == "Amazon Linux 2"


@pytest.mark.parametrize("name", TREES)
def test_a_profile_written_from_what_is_detected_is_this_host(tree, found, name):
    root = tree(name)
    identity = found(root).recognised_by
    given = {key: [getattr(identity, key)] for key in ("board", "cpu", "power_mode") if getattr(identity, key)}
    size = {"value": f"{found(root).memory_installed.value} B", "source": "DS", "grade": "B"}
    device = builders.device(identity=given)
    memory = device.memory.model_copy(update={"capacity": type(device.memory.capacity).model_validate(size)})

    host = read_host(root, spin=lambda: 1.0)

    assert why_not_the_device(host, device.model_copy(update={"memory": memory})) == ""
    assert why_not_the_device(builders.host(board="another"), device) != ""


@pytest.mark.parametrize("name", TREES)
def test_what_is_none_is_absent_with_a_reason_and_the_other_way_round(tree, found, name):
    names = {
        "cpu": "CPU", "os": "OS", "features": "CPU features", "memory_installed": "installed memory",
        "memory_reserved": "reserved memory",
        "memory_modules": "memory modules", "integrated_gpu": "integrated GPU", "gpu_driver": "GPU driver",
        "power_mode": "power mode", "board_support": "board support",
    }  # fmt: skip
    machine = found(tree(name))
    for field in machine.__dataclass_fields__:
        if field in ("recognised_by", "core_kinds", "gpus", "power_modes", "absent", "emulator"):
            continue
        word = names.get(field, field)
        assert (getattr(machine, field) is None) == (word in machine.absent), field
    assert all(machine.absent.values())


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("jetson-orin-nano", 4096), ("raspberry-pi-5", 2048), ("rock-5b", 3072), ("thinkpad-p14s", 12288),
        ("ec2-t3-medium", 36608),
    ],
)  # fmt: skip
def test_the_last_level_cache_of_all_clusters(tree, name, size):
    assert last_level_cache_bytes(tree(name)) == size * KIB


def test_gpus_and_runtime_are_what_the_world_tells(tree, found):
    card = Gpu("NVIDIA L4", 24 * GIB, 2.04e9, 6.251e9, 192)
    build = RuntimeBuild("1.22.0", ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"))

    machine = found(tree("thinkpad-p14s"), gpus=lambda: Gpus((card,), "550.54"), providers=lambda: build)

    assert (machine.gpus, machine.gpu_driver) == ((card,), Fact("550.54", "NVML"))
    assert (machine.runtime.value, machine.runtime.source) == (build, "onnxruntime.get_available_providers()")
    assert machine.runtime.note == (
        "that a provider is compiled in does not prove that it works: its driver is loaded with a model"
    )
    assert not {"GPUs", "GPU driver", "runtime"} & set(machine.absent)


def test_a_runtime_and_a_disk_that_do_not_answer_are_absent(tree, found):
    def none():
        raise AssessError("ONNX Runtime cannot be imported: no module", hint="pip install onnxruntime")

    def no_disk(root):
        raise OSError(5, "Input/output error")

    machine = found(tree("raspberry-pi-5"), providers=none, storage=no_disk)

    assert (machine.runtime, machine.storage) == (None, None)
    assert machine.absent["runtime"] == "ONNX Runtime cannot be imported: no module (hint: pip install onnxruntime)"
    assert machine.absent["storage"] == "the system does not tell: Input/output error"


def test_precisions_say_that_a_runtime_need_not_use_them(tree, found):
    precisions = found(tree("raspberry-pi-5")).precisions

    assert precisions.derived
    assert precisions.note == "that the CPU has instructions does not say that a runtime uses them"
    assert precisions.value[2] == Support("fp16", ("asimdhp",))
