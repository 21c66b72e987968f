"""What a processor offers, and what ONNX Runtime would take it to have.

That the number of the core decides, and not the list of features, was tried with ONNX Runtime 1.32 under qemu 7.2: an
int8 model ends by SIGILL on `-cpu cortex-a53` if /proc/cpuinfo says part 0xd0b, whatever `Features` says; with part
0xd03 it runs, even where `Features` has asimddp.
"""

import struct

import pytest

from assess.measure.instruction_sets import listed, not_offered, offered

A53 = (1 << 1) | (1 << 3)
A76 = A53 | (1 << 10) | (1 << 20)


def board(root, part, *, hwcap=None, hwcap2=0, features="fp asimd", maker="0x41"):
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    text = f"processor\t: 0\nFeatures\t: {features}\nCPU implementer\t: {maker}\nCPU part\t: {part}\n"
    (root / "proc/cpuinfo").write_text(text)
    if hwcap is not None:
        pairs = ((16, hwcap), (26, hwcap2), (0, 0))
        (root / "proc/self/auxv").write_bytes(b"".join(struct.pack("@LL", *pair) for pair in pairs))
    return root


def test_on_arm_the_kernels_word_to_the_program_counts_and_not_the_list_for_people(tmp_path):
    root = board(tmp_path, "0xd03", hwcap=A53, features="fp asimd asimdhp asimddp")
    assert listed(root) == ("asimd", "asimdhp", "asimddp")
    assert offered(root) == ("asimd",)


def test_the_second_word_has_the_newer_sets(tmp_path):
    bits = (1 << 1) | (1 << 9) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 23) | (1 << 37)
    root = board(tmp_path, "0xd4f", hwcap=A76 | 1 << 22, hwcap2=bits)
    assert offered(root) == (
        "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "svei8mm", "svebf16", "sme", "sme2",
    )  # fmt: skip


def test_without_it_the_list_is_what_there_is(tmp_path):
    assert offered(board(tmp_path, "0xd0b", features="fp asimd asimddp")) == ("asimd", "asimddp")


def test_of_cores_of_two_kinds_only_what_both_have(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("Features\t: asimd asimddp i8mm\n\nFeatures\t: asimd asimddp\n")
    assert offered(tmp_path) == ("asimd", "asimddp")


def test_x86_is_read_from_its_flags(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags\t\t: fpu sse2 fma avx2 avx_vnni amx_int8\n")
    assert offered(tmp_path, "x86_64") == ("sse2", "fma", "avx2", "avx_vnni", "amx_int8")
    assert not_offered(tmp_path, "x86_64") == ()


def test_nothing_is_known_of_a_system_that_tells_nothing(tmp_path):
    assert (offered(tmp_path), not_offered(tmp_path)) == ((), ())


@pytest.mark.parametrize(
    ("part", "maker", "missing"),
    [
        ("0xd0b", "0x41", ("asimdhp", "asimddp")),  # Cortex-A76: both are taken for granted.
        ("0xd05", "0x41", ("asimdhp",)),  # Cortex-A55: dot products from its second revision on only.
        ("0xd4a", "0x41", ("asimddp",)),
        ("0xd03", "0x41", ()),  # Cortex-A53: the kernel's word counts.
        ("0xd0b", "0x51", ()),  # The same number by another maker is another core.
        ("0x804", "0x51", ("asimdhp", "asimddp")),
    ],
)
def test_what_onnx_runtime_takes_for_granted_by_the_cores_number(tmp_path, part, maker, missing):
    root = board(tmp_path, part, maker=maker, hwcap=A53, features="asimd asimdhp asimddp")
    assert not_offered(root, release="6.1.0") == missing


@pytest.mark.parametrize(
    ("part", "variant", "has"), [("0xd05", 0, False), ("0xd05", 1, True), ("0xd0a", 1, False), ("0xd0a", 2, True)]
)
def test_some_cores_are_taken_to_have_dot_products_from_a_variant_on(tmp_path, part, variant, has):
    root = board(tmp_path, part, hwcap=A53)
    file = root / "proc/cpuinfo"
    file.write_text(file.read_text() + f"CPU variant\t: 0x{variant:x}\n")
    assert not_offered(root, release="6.1.0") == (("asimdhp", "asimddp") if has else ("asimdhp",))


def test_a_core_that_offers_it_lacks_nothing(tmp_path):
    assert not_offered(board(tmp_path, "0xd0b", hwcap=A76), release="6.1.0") == ()


def test_an_old_kernel_does_not_tell_of_dot_products(tmp_path):
    """Then the core is believed, as ONNX Runtime does: Linux 4.9 on a Cortex-A76 lists none, and it has them."""
    root = board(tmp_path, "0xd0b", hwcap=A53)
    assert not_offered(root, release="4.9.253-tegra") == ()
    assert not_offered(root, release="4.16.0") == ("asimdhp", "asimddp")


def test_of_several_cores_the_last_one_decides(tmp_path):
    root = board(tmp_path, "0xd0b", hwcap=A53)
    file = root / "proc/cpuinfo"
    file.write_text(file.read_text() + "\nprocessor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n")
    assert not_offered(root, release="6.1.0") == ()


def test_this_machine_offers_what_it_lists():
    assert set(offered()) <= set(listed()) or not listed()
    assert not_offered() == ()
