"""Fixtures: each kind of board, started when a test first asks for it, and up until the tests end."""

import os

import pytest


def _board(kind):
    @pytest.fixture(scope="session", name=f"{kind.replace('-', '_')}_board")
    def board():
        import boards  # Most tests need none, and it takes a while.

        if why := boards.missing(kind):
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
        with boards.start(kind) as running:
            yield running

    return board


plain_board = _board("plain")
linked_board = _board("linked")
full_board = _board("full")
busybox_board = _board("busybox")
armv7l_board = _board("armv7l")
riscv64_board = _board("riscv64")
arm64_board = _board("arm64")
arm64_pi4_board = _board("arm64-pi4")
arm64_old_board = _board("arm64-old")
