"""A network link to a host in a namespace of its own."""

import contextlib
import itertools
import os
import re
import subprocess
from pathlib import Path

#: Addresses that no network has: they are set aside for testing devices that networks consist of (RFC 2544).
_NETWORK = "198.18"
_numbers = itertools.count()


class Link:
    """This machine at one end, a host at the other.

    Attributes:
        namespace: of the host.
        board: address of the host.
    """

    def __init__(self):
        # Processes of pytest-xdist have boards at the same time: their ids keep these apart, and so the addresses.
        self._number = next(_numbers)
        name = f"asb{os.getpid()}n{self._number}"  # Names of links have at most 15 characters.
        self.namespace, self._here, self._there = f"{name}-ns", f"{name}h", f"{name}b"
        # Four addresses for each link: the net, both ends, and the broadcast.
        block = (os.getpid() * 16 + self._number) % 2**14 * 4
        self._desk, self.board = (f"{_NETWORK}.{block >> 8}.{(block & 255) + end}" for end in (1, 2))

    def up(self):
        """Make the host and the link."""
        _remove_left_over()
        for words in (
            ["netns", "add", self.namespace],
            ["link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.namespace],
            ["addr", "add", f"{self._desk}/30", "dev", self._here],
            ["link", "set", self._here, "up"],
            ["-n", self.namespace, "link", "set", "lo", "up"],
            ["-n", self.namespace, "addr", "add", f"{self.board}/30", "dev", self._there],
            ["-n", self.namespace, "link", "set", self._there, "up"],
        ):
            _ip(*words)

    def cut(self):
        """As if the cable were pulled at the host."""
        _ip("-n", self.namespace, "link", "set", self._there, "down")

    def restore(self):
        """The cable is in its place again."""
        _ip("-n", self.namespace, "link", "set", self._there, "up")

    def remove(self):
        """Take both away; a link goes with either of its ends."""
        for words in (["link", "del", self._here], ["netns", "del", self.namespace]):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(*words)


def _remove_left_over():
    """Hosts of tests that were killed."""
    for line in _ip("netns", "list").splitlines():
        found = re.match(r"asb(\d+)n\d+-ns\b", line)
        if found and not Path(f"/proc/{found[1]}").exists():
            with contextlib.suppress(subprocess.CalledProcessError):  # Another process removes it too.
                _ip("netns", "del", found[0])


def _ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
