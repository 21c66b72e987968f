"""Recorded machines as fixtures."""

import pytest
from recorded_boards import detected, lay_out_board, write


@pytest.fixture
def put(tmp_path):
    """Writes one file below the folder."""
    return lambda name, content: write(tmp_path, name, content)


@pytest.fixture
def tree(tmp_path):
    """Lays out a recorded machine and gives the folder that stands for its "/"."""
    return lambda name: lay_out_board(name, tmp_path)


@pytest.fixture
def found():
    """Detects what stands below a folder, with neither GPUs nor a disk of this machine."""
    return detected
