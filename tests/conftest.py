"""What holds for every test."""

import os

# Reports are wrapped to the terminal's width, and workers of pytest-xdist have another one than a terminal has.
os.environ["COLUMNS"] = "100"

#: Boards that answer to ssh: `plain_board`, `linked_board`, `arm64_board` and others.
pytest_plugins = ["boards.fixtures"]
