"""Modules that report one board's name and differ in memory are told apart by it."""

from __future__ import annotations

import builders
import pytest

from assess.describe.library import Library
from assess.project.target import why_not_the_device


@pytest.mark.parametrize(
    ("smaller", "larger", "visible"),
    [
        ("nvidia-jetson-agx-orin-32gb", "nvidia-jetson-agx-orin-64gb", 30.7),
        ("nvidia-jetson-orin-nx-8gb", "nvidia-jetson-orin-nx-16gb", 7.44),
    ],
)
def test_the_memory_that_the_kernel_sees_tells_modules_apart(smaller: str, larger: str, visible: float) -> None:
    library = Library()
    small, large = library.device(smaller), library.device(larger)
    assert small.identity is not None and large.identity is not None
    assert small.identity.board[0] == large.identity.board[0]
    host = builders.host(board=small.identity.board[0], power_mode="MAXN", memory_bytes=int(visible * 2**30))
    assert why_not_the_device(host, small) == ""
    assert "GB of memory" in why_not_the_device(host, large)
    twice = builders.host(board=small.identity.board[0], power_mode="MAXN", memory_bytes=int(2 * visible * 2**30))
    assert why_not_the_device(twice, large) == ""
    assert "GB of memory" in why_not_the_device(twice, small)
