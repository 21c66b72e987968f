"""Processes that a test's own process has started."""

import psutil


def own_children() -> list[psutil.Process]:
    """Those of now, but for the database that tests of the history leave running for each other."""
    return [one for one in psutil.Process().children() if one.name() != "postgres"]
