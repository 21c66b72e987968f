"""What numpy and zipfile raise on files that are no arrays of plain values."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from tokenize import TokenError
from typing import Final

#: The header of a `.npy` file is read as a Python literal, and members of an `.npz` file are packed in many ways: what
#: hostile ones make them raise is documented nowhere.
UNREADABLE: Final = (
    OSError, ValueError, TypeError, EOFError, SyntaxError, TokenError, MemoryError, OverflowError, RecursionError,
    RuntimeError, AttributeError, KeyError, IndexError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
