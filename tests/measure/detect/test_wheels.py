"""Machines that ONNX Runtime has no wheels for, and what to do on them."""

import pytest

from assess.measure.detect.wheels import no_wheels


@pytest.mark.parametrize(
    ("architecture", "libc"),
    [
        ("aarch64", "glibc 2.36"), ("arm64", ""), ("x86_64", "glibc 2.28"), ("AMD64", "glibc 2.41"),
        ("aarch64", "glibc of the vendor"),
    ],
)  # fmt: skip
def test_where_there_are_wheels_nothing_is_said(architecture, libc):
    assert no_wheels(architecture, libc) == ""


@pytest.mark.parametrize("architecture", ["armv7l", "armv6l", "armhf", "i686", "i386"])
def test_a_32_bit_system_is_told_of_the_64_bit_image(architecture):
    assert no_wheels(architecture, "glibc 2.36") == (
        f"PyPI has no wheel of ONNX Runtime for {architecture}: if its processor is 64-bit, install the system's "
        "64-bit image: wheels are there for aarch64 and x86_64; else measure it by the tool that its vendor ships"
    )


@pytest.mark.parametrize("architecture", ["riscv64", "ppc64le", "loongarch64", "s390x", "mips"])
def test_others_have_none(architecture):
    assert no_wheels(architecture, "glibc 2.39") == (
        f"PyPI has no wheel of ONNX Runtime for {architecture}: measure it by the tool that its vendor ships, or build "
        "ONNX Runtime for it"
    )


def test_musl_has_none():
    assert no_wheels("aarch64", "musl 1.2.5").startswith(
        "PyPI has no wheel of ONNX Runtime for musl: run in a glibc root"
    )


def test_an_old_glibc_has_none():
    """Ubuntu 18.04, which JetPack 4 is made of."""
    assert no_wheels("aarch64", "glibc 2.27").startswith("the wheels of ONNX Runtime need glibc 2.28, it has 2.27:")


def test_nothing_known_is_said_so():
    assert no_wheels("", "").startswith("PyPI has no wheel of ONNX Runtime for an unknown architecture")
