"""Each source of facts on its own: what boards differ in."""

import pytest

from assess.measure.detect import Fact, MemoryModules, PowerMode
from assess.measure.detect import board as boards
from assess.measure.detect.dmi_tables import memory_modules
from assess.measure.detect.memory import installed, reserved
from assess.measure.detect.power import power_mode, power_modes
from assess.measure.detect.processor import core_kinds, features, precisions, processors
from assess.measure.detect.system import operating_system, virtualisation

GIB = 2**30
X86 = "processor\t: {n}\nmodel name\t: {name}\nflags\t\t: {flags}\n\n"


def x86(*names, flags="sse2"):
    return "".join(X86.format(n=n, name=name, flags=flags) for n, name in enumerate(names))


def arm(*parts, implementer="0x41", features="fp asimd"):
    block = "processor\t: {n}\nFeatures\t: {f}\nCPU implementer\t: {i}\nCPU part\t: {p}\n\n"
    return "".join(block.format(n=n, f=features, i=implementer, p=part) for n, part in enumerate(parts))


@pytest.mark.parametrize(
    ("implementer", "part", "name"),
    [
        ("0x41", "0xd83", "Neoverse-V3AE"),
        ("0x41", "0xfff", "Arm part 0xfff"),
        ("0x4e", "0x004", "NVIDIA Carmel"),
        ("0x61", "0x023", "Apple M1 Firestorm"),
        ("0x51", "0x804", "implementer 0x51 part 0x804"),
        ("0x51", "0xd03", "implementer 0x51 part 0xd03"),
        ("\x1b[31m", "0xd03", "implementer unreadable part 0xd03"),
    ],
)
def test_cores_are_named_by_maker_and_part(tmp_path, put, implementer, part, name):
    put("proc/cpuinfo", arm(part, implementer=implementer))
    assert [kind.name for kind in core_kinds(tmp_path, processors(tmp_path))] == [name]


def test_the_cores_of_a_hybrid_x86_cpu_are_kept_apart(tmp_path, put):
    put("proc/cpuinfo", x86(*["12th Gen Intel(R) Core(TM) i7-1260P"] * 16))
    put("sys/devices/cpu_core/cpus", "0-7\n")
    put("sys/devices/cpu_atom/cpus", "8-15\n")
    for cpu, clock in [(0, 4600000), (4, 4700000), (8, 3400000)]:
        put(f"sys/devices/system/cpu/cpu{cpu}/cpufreq/cpuinfo_max_freq", f"{clock}\n")
    assert [(kind.name, kind.count, kind.clock_hz) for kind in core_kinds(tmp_path, processors(tmp_path))] == [
        ("12th Gen Intel(R) Core(TM) i7-1260P, performance core", 8, 4.7e9),
        ("12th Gen Intel(R) Core(TM) i7-1260P, efficiency core", 8, 3.4e9),
    ]


def test_only_features_that_all_cores_have_count(tmp_path, put):
    put("proc/cpuinfo", arm("0xd46", features="asimd asimddp i8mm") + arm("0xd05", features="asimd asimddp"))
    found = features(processors(tmp_path))
    assert found == Fact(("asimd", "asimddp"), "/proc/cpuinfo", "only those that all kinds of cores have")


def test_features_of_one_precision_are_in_order_of_speed(tmp_path, put):
    put(
        "proc/cpuinfo",
        x86("Xeon", flags="sse2 avx2 avx512f avx512_vnni amx_int8 amx_bf16 avx512_bf16 avx512_fp16 f16c"),
    )
    found = precisions(features(processors(tmp_path)))
    assert {support.precision: support.by for support in found.value} == {
        "fp64": ("avx512f", "avx2", "sse2"),
        "fp32": ("avx512f", "avx2", "sse2"),
        "fp16": ("avx512_fp16",),
        "bf16": ("amx_bf16", "avx512_bf16"),
        "int8": ("amx_int8", "avx512_vnni", "avx2"),
    }


def test_converting_to_fp16_is_not_computing_in_it(tmp_path, put):
    put("proc/cpuinfo", x86("i5", flags="sse2 avx2 f16c"))
    assert "fp16" not in {support.precision for support in precisions(features(processors(tmp_path))).value}


@pytest.mark.parametrize("unfilled", ["To Be Filled By O.E.M.", "System Product Name", "Default string", "None", "-"])
def test_a_product_name_that_nobody_filled_in_identifies_nothing(tmp_path, put, found, unfilled):
    put("sys/class/dmi/id/product_name", f"{unfilled}\n")
    put("sys/class/dmi/id/board_vendor", "ASRock\n")
    put("sys/class/dmi/id/board_name", "B550M-ITX/ac\n")
    put("proc/cpuinfo", x86("AMD Ryzen 5 3600 6-Core Processor"))
    machine = found(tmp_path)
    assert machine.board == Fact(
        "ASRock B550M-ITX/ac",
        "/sys/class/dmi/id/board_name",
        f"the main board; /sys/class/dmi/id/product_name was never filled in: {unfilled}",
        derived=True,
    )
    assert (machine.recognised_by.board, machine.recognised_by.cpu) == ("", "AMD Ryzen 5 3600 6-Core Processor")


def test_without_any_name_nothing_is_recognised(tmp_path, put, found):
    put("sys/class/dmi/id/product_name", "Default string\n")
    absent = found(tmp_path).absent
    assert absent["board"] == "/sys/class/dmi/id/product_name was never filled in: Default string"
    assert absent["identity"] == "neither board nor CPU has a name: no measurement can be recognised as taken here"


@pytest.mark.parametrize(
    ("code", "size"),
    [
        ("900092", GIB // 2), ("a03111", GIB), ("b03111", 2 * GIB), ("c03111", 4 * GIB), ("d04170", 8 * GIB),
        ("e04171", 16 * GIB), ("000e", None), ("f04170", None), ("0x4170", None),
    ],
)  # fmt: skip
def test_a_raspberry_pi_s_revision_states_its_memory(tmp_path, put, code, size):
    put("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
    put("proc/cpuinfo", f"Revision\t: {code}\n")
    _, memory = boards.module_of(tmp_path)
    assert (memory.value if memory else None) == size


def test_a_revision_of_another_board_states_nothing(tmp_path, put):
    put("proc/device-tree/compatible", "radxa,rock-5b\0")
    put("proc/cpuinfo", "Revision\t: d04170\n")
    assert boards.module_of(tmp_path) == ("no part number that is known here", None)


def test_a_part_number_that_leaves_the_memory_open(tmp_path, put):
    put("proc/device-tree/compatible", "nvidia,p3737-0000+p3701-0000\0nvidia,p3701-0000\0nvidia,tegra234\0")
    module, memory = boards.module_of(tmp_path)
    assert (module.value, memory) == ("NVIDIA Jetson AGX Orin", None)


@pytest.mark.parametrize(
    ("names", "watts"),
    [
        ("MAXN", None), ("15W", 15.0), ("MODE_30W", 30.0), ("MODE_15W_6CORE", 15.0), ("MODE_10W_DESKTOP", 10.0),
        ("MAXN_SUPER", None), ("120W", 120.0), ("W", None), ("B15W", None),
    ],
)  # fmt: skip
def test_a_mode_s_budget_is_what_its_name_states(tmp_path, put, names, watts):
    put("var/lib/nvpmodel/status", "pmode:0000 fmode:quiet\n")
    put("etc/nvpmodel.conf", f"< PM_CONFIG DEFAULT=0 >\n< POWER_MODEL ID=0 NAME={names} >\nCPU_ONLINE CORE_0 1\n")
    assert power_modes(tmp_path) == (PowerMode(0, names, watts),)
    assert power_mode(tmp_path).value == PowerMode(0, names, watts)


def test_a_mode_that_the_configuration_does_not_list_has_no_budget(tmp_path, put):
    put("var/lib/nvpmodel/status", "pmode:0008\n")
    assert power_mode(tmp_path) == Fact(PowerMode(8, "mode 8", None), "/var/lib/nvpmodel/status")


def slot(size, *, extended=0, rate=3200, width=64):
    """A Memory Device structure of SMBIOS 3, with its two strings."""
    body = bytearray(0x28)
    body[0:2] = 17, len(body)
    for at, value, length in [(0x0A, width, 2), (0x0C, size, 2), (0x1C, extended, 4), (0x20, rate, 2)]:
        body[at : at + length] = value.to_bytes(length, "little")
    return bytes(body) + b"DIMM A\0Maker\0\0"


BIOS = bytes([0, 5, 0, 0, 0]) + b"Vendor\0\0"


@pytest.mark.parametrize(
    ("table", "modules"),
    [
        (BIOS + slot(8192) + slot(8192), MemoryModules(2, 16 * GIB, 3.2e9, 128)),
        (BIOS + slot(8192) + slot(0), MemoryModules(1, 8 * GIB, 3.2e9, 64)),
        (slot(0x7FFF, extended=32768, rate=6400, width=16), MemoryModules(1, 32 * GIB, 6.4e9, 16)),
        (slot(0x8000 | 512), MemoryModules(1, 512 * 2**10, 3.2e9, 64)),
        (slot(4096, rate=0) + slot(4096), MemoryModules(2, 8 * GIB, None, 128)),
        (slot(4096, rate=2400) + slot(4096), MemoryModules(2, 8 * GIB, None, 128)),
        (slot(4096, width=0xFFFF, rate=0xFFFF), MemoryModules(1, 4 * GIB, None, None)),
    ],
)
def test_memory_modules_of_the_firmware_s_tables(tmp_path, table, modules):
    file = tmp_path / "sys/firmware/dmi/tables/DMI"
    file.parent.mkdir(parents=True)
    file.write_bytes(table)
    assert memory_modules(tmp_path).value == modules


@pytest.mark.parametrize(
    "table", [b"\x11", b"\x11\x02\0\0", BIOS, BIOS[:-1], b"\x11\xff\0\0", slot(0xFFFF), b"\0" * 99]
)
def test_a_damaged_table_lists_no_module(tmp_path, table):
    file = tmp_path / "sys/firmware/dmi/tables/DMI"
    file.parent.mkdir(parents=True)
    file.write_bytes(table)
    assert memory_modules(tmp_path) == "/sys/firmware/dmi/tables/DMI lists no memory module"


def seen(gib):
    return Fact(int(gib * GIB), "/proc/meminfo MemTotal")


@pytest.mark.parametrize(
    ("visible", "size"), [(7.63, 8), (61.4, 64), (0.45, 0.5), (8, 8), (2.9, 3), (5.2, 6), (9.5, None), (1100, None)]
)
def test_memtotal_is_rounded_up_to_a_size_that_is_sold(tmp_path, visible, size):
    found = installed(tmp_path, seen(visible), "not readable", None)
    assert (None if isinstance(found, str) else found.value / GIB) == size
    assert isinstance(found, str) or found.derived


def test_blocks_of_memory_are_counted_before_anything_is_rounded(tmp_path, put):
    put("sys/devices/system/memory/block_size_bytes", "8000000\n")
    for number in range(192):
        put(f"sys/devices/system/memory/memory{number}/state", "online\n")
    put("sys/devices/system/memory/memory192/state", "offline\n")
    assert installed(tmp_path, seen(23.54), "not readable", None) == Fact(
        24 * GIB, "/sys/devices/system/memory", "192 blocks of 128 MiB are online", derived=True
    )


def test_tables_come_before_blocks_and_a_part_number_before_both(tmp_path, put):
    put("sys/devices/system/memory/block_size_bytes", "40000000\n")
    for number in range(31):
        put(f"sys/devices/system/memory/memory{number}/state", "online\n")
    modules = Fact(MemoryModules(2, 32 * GIB, None, None), "DMI")
    assert installed(tmp_path, seen(30.9), modules, None) == Fact(32 * GIB, "DMI", "2 modules")
    assert installed(tmp_path, seen(30.9), modules, Fact(64 * GIB, "part")).source == "part"


def test_the_system_keeps_what_memtotal_lacks_of_the_capacity():
    kept = reserved(seen(7.5), Fact(8 * GIB, "part", derived=True))
    assert kept == Fact(GIB // 2, "/proc/meminfo MemTotal", "capacity less MemTotal, 7,864,320 kB", derived=True)


def test_what_the_system_keeps_is_not_known_where_memtotal_is_all():
    assert reserved(seen(4), Fact(4 * GIB, "blocks")).startswith("MemTotal is all of the capacity that is told")
    assert reserved(seen(4), "no table tells it") == "capacity and MemTotal are not both known"


def test_a_statement_that_is_less_than_what_is_seen_is_passed_over(tmp_path):
    assert installed(tmp_path, seen(15.2), "not readable", Fact(8 * GIB, "part")).value == 16 * GIB


def dmi(put, **strings):
    for name, text in strings.items():
        put(f"sys/class/dmi/id/{name}", text + "\n")


@pytest.mark.parametrize(
    ("strings", "name"),
    [
        ({"sys_vendor": "Google", "product_name": "Google Compute Engine"}, "Google Compute Engine"),
        ({"sys_vendor": "Amazon EC2", "product_name": "m5.2xlarge"}, "Amazon EC2"),
        ({"sys_vendor": "QEMU", "product_name": "Standard PC (Q35 + ICH9, 2009)"}, "QEMU"),
        ({"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"}, "Hyper-V"),
        ({"sys_vendor": "Xiaomi", "product_name": "Laptop"}, "a hypervisor that does not give its name"),
        ({}, "a hypervisor that does not give its name"),
    ],
)
def test_a_guest_is_known_by_the_flag_and_named_by_dmi(tmp_path, put, strings, name):
    dmi(put, **strings)
    put("proc/cpuinfo", x86("Xeon", flags="sse2 hypervisor"))
    assert virtualisation(tmp_path, processors(tmp_path)).value == name


def test_a_whole_machine_of_a_cloud_is_no_guest(tmp_path, put):
    dmi(put, sys_vendor="Amazon EC2", product_name="m5.metal")
    put("proc/cpuinfo", x86("Xeon", flags="sse2"))
    assert isinstance(virtualisation(tmp_path, processors(tmp_path)), str)
    put("proc/cpuinfo", arm("0xd40"))
    assert isinstance(virtualisation(tmp_path, processors(tmp_path)), str)


def test_a_guest_of_an_arm_machine_is_named_by_dmi_alone(tmp_path, put):
    dmi(put, sys_vendor="Amazon EC2", product_name="c7g.large")
    put("proc/cpuinfo", arm("0xd40"))
    assert virtualisation(tmp_path, processors(tmp_path)).value == "Amazon EC2"


def test_xen_says_so_itself(tmp_path, put):
    put("sys/hypervisor/type", "xen\n")
    assert virtualisation(tmp_path, []) == Fact("xen", "/sys/hypervisor/type")


@pytest.mark.parametrize("line", ['PRETTY_NAME="Ubuntu 22.04.5 LTS"', "PRETTY_NAME='Ubuntu 22.04.5 LTS'"])
def test_the_os_has_a_pretty_name(tmp_path, put, line):
    put("usr/lib/os-release", f"ID=ubuntu\n{line}\n")
    assert operating_system(tmp_path) == Fact("Ubuntu 22.04.5 LTS", "/usr/lib/os-release")


@pytest.mark.parametrize("status", ["disabled\0", "reserved\0"])
def test_a_gpu_that_is_switched_off_shares_nothing(tree, found, status, put):
    root = tree("raspberry-pi-5")
    put("proc/device-tree/axi/v3d@2000000/status", status)
    machine = found(root)
    assert (machine.integrated_gpu, machine.absent["integrated GPU"]) == (None, "no GPU in the device tree")
    assert (machine.memory_kind.value, machine.memory_kind.derived) == ("dram", True)
