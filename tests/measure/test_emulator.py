"""Whether the processor is a program: what shows it, and what must not be taken for it."""

import struct

import pytest

from assess.measure.emulator import emulator

ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n"
X86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2\n"


@pytest.fixture
def put(tmp_path):
    def write(name, data):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())

    return write


def elf(machine, order="<"):
    return b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10) + struct.pack(f"{order}HH", 3, machine)


def test_this_machine_is_none(put, tmp_path):
    put("proc/self/status", "Name:\tpython3\nUmask:\t0022\n")
    put("proc/cpuinfo", X86)
    put("proc/thread-self/exe", elf(62))
    assert emulator(tmp_path, "x86_64") == ""


def test_qemu_in_user_mode_is_seen_by_its_own_name(put, tmp_path):
    """The kernel keeps 15 characters of it: what qemu 7.2 shows of itself."""
    put("proc/self/status", "Name:\tqemu-aarch64-st\nUmask:\t0022\n")
    put("proc/cpuinfo", ARM)
    assert emulator(tmp_path, "aarch64") == "qemu-aarch64-st, in user mode"


def test_under_another_name_it_is_seen_by_what_the_kernel_executes(put, tmp_path):
    put("proc/self/status", "Name:\tpython3\n")
    put("proc/cpuinfo", ARM)  # As a newer qemu makes it up.
    put("proc/thread-self/exe", elf(62))
    assert emulator(tmp_path, "aarch64") == "a program for x86 that runs aarch64"
    put("proc/thread-self/exe", elf(21, ">"))
    assert emulator(tmp_path, "aarch64") == "a program for power that runs aarch64"


def test_cpuinfo_of_another_architecture_is_the_hosts(put, tmp_path):
    put("proc/cpuinfo", X86)
    assert emulator(tmp_path, "aarch64") == "something that runs aarch64: /proc/cpuinfo is that of x86"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("QEMU TCG CPU version 2.5+", "QEMU (TCG)"),
        ("VirtualApple @ 2.50GHz", "Rosetta"),
        ("Box64 on Cortex-A76", "box64"),
        ("QEMU Virtual CPU version 2.5+", ""),  # KVM may show this one too.
        ("Intel(R) Xeon(R)", ""),
    ],
)
def test_a_processor_that_only_an_emulator_has(put, tmp_path, name, found):
    put("proc/cpuinfo", X86.replace("AMD EPYC", name))
    assert emulator(tmp_path, "x86_64") == found


def test_qemus_own_arm_core_is_made_up(put, tmp_path):
    put("proc/cpuinfo", ARM.replace("0x41", "0x00").replace("0xd0b", "0x051"))
    assert emulator(tmp_path, "aarch64") == "QEMU (TCG)"


@pytest.mark.parametrize("machine", ["x86_64", "i686"])
def test_a_32_bit_program_on_a_64_bit_kernel_is_none(put, tmp_path, machine):
    put("proc/cpuinfo", X86)
    put("proc/thread-self/exe", elf(3))
    assert emulator(tmp_path, machine) == ""


def test_a_32_bit_arm_system_on_a_64_bit_kernel_is_none(put, tmp_path):
    put("proc/cpuinfo", ARM)
    put("proc/thread-self/exe", elf(40))
    assert emulator(tmp_path, "aarch64") == ""


def test_a_recorded_board_is_none_though_it_is_read_elsewhere(put, tmp_path):
    put("proc/cpuinfo", ARM)
    assert emulator(tmp_path) == ""


def test_damaged_files_show_nothing(put, tmp_path):
    put("proc/thread-self/exe", b"\x7fEL")
    put("proc/self/status", b"\xff\xfe")
    put("proc/cpuinfo", b"")
    assert emulator(tmp_path, "aarch64") == ""
    assert emulator(tmp_path, "sparc64") == ""
