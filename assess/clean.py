"""Text that came from a file, made safe to print: a model's name must not steer a terminal."""

from __future__ import annotations


def clean(text: str) -> str:
    """The text with everything that could steer a terminal or hide in a line made visible."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
