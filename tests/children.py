"""Processes that a test's own process has started."""

import psutil

#: What tests leave running for each other: a database, boards with their sessions, also those that have ended.
_SHARED = ("postgres", "sshd", "sshd-session", "unshare")


def own_children(*, recursive: bool = False) -> list[psutil.Process]:
    """Those of now, but for what tests share, and what that has started."""
    found = []
    for one in psutil.Process().children():
        if one.name() not in _SHARED:
            found += [one, *(one.children(recursive=True) if recursive else [])]
    return found
