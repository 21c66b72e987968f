"""Addresses of boards, `ssh://user@host:port`: every part is safe as an argument of ssh, and in its configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final

SCHEME: Final = "ssh://"
EXAMPLE: Final = "ssh://user@host:22"
#: As POSIX recommends them, and user@realm of a directory. What ssh's own configuration would expand in a shell, and
#: what ssh would take for an option, is not among them.
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@-]*")
#: A name, an alias of the user's ssh configuration, or an IPv4 address.
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
#: The link that a local IPv6 address holds on.
_LINK: Final = re.compile(r"[A-Za-z0-9._-]*")
_LONGEST: Final = 255  # Characters of a name of the DNS.
_MOST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where a board is reached.

    Attributes:
        host: a name, an alias of the user's ssh configuration, or an address; IPv6 without brackets.
        user: who to log in as; "" leaves it to ssh.
        port: None leaves it to ssh.
    """

    host: str
    user: str = ""
    port: int | None = None

    @property
    def destination(self) -> str:
        """What `ssh` and its configuration call it, without the port: user@host."""
        return f"{self.user}@{self.host}" if self.user else self.host

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{SCHEME}{user}{host}" + ("" if self.port is None else f":{self.port}")


def parse_address(text: str) -> Address:
    """Read ssh://[user@]host[:port]; an IPv6 address stands in brackets.

    Raises:
        ValueError: the text is none; the message says which part is wrong, and what was expected.
    """
    if not text.startswith(SCHEME):
        raise ValueError(f"{text!r} is no address; expected {EXAMPLE!r}")
    name, at, place = text.removeprefix(SCHEME).rpartition("@")
    user = _user(text, name) if at else ""
    if "/" in place or "?" in place or "#" in place:
        raise ValueError(f"{text!r} goes on behind the host; an address ends there, as in {EXAMPLE!r}")
    host, port = _parted(text, place)
    return Address(host=host, user=user, port=_port(text, port) if port else None)


def _parted(text: str, place: str) -> tuple[str, str]:
    """Host, and the port with its colon or ""."""
    if place.startswith("["):
        host, closed, port = place[1:].partition("]")
        if not closed or not _is_ipv6(host) or (port and not port.startswith(":")):
            raise ValueError(f"{text!r} has no IPv6 address between its brackets; expected one as in 'ssh://[fe80::1]'")
        return host, port
    host, colon, port = place.partition(":")
    if ":" in port:
        raise ValueError(f"{text!r} has several colons; an IPv6 address stands in brackets: 'ssh://[fe80::1]:22'")
    if not _HOST.fullmatch(host) or len(host) > _LONGEST:
        raise ValueError(
            f"{text!r} has no host that can be one; expected letters, digits, points and hyphens "
            "that begin and end with a letter or digit"
        )
    return host, colon + port


def _user(text: str, user: str) -> str:
    if ":" in user:
        # What may be a password is not told again: messages end up in logs.
        raise ValueError("an address holds no password, nor a colon before its '@'; ssh takes a key, or asks")
    if not _USER.fullmatch(user):
        raise ValueError(f"{text!r} has no user that can be one before its '@'; expected one as in {EXAMPLE!r}")
    return user


def _port(text: str, port: str) -> int:
    digits = port.removeprefix(":")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 5 or not 1 <= int(digits) <= _MOST_PORT:
        raise ValueError(f"{text!r} has no port from 1 to {_MOST_PORT} behind its colon")
    return int(digits)


def _is_ipv6(host: str) -> bool:
    try:
        return bool(_LINK.fullmatch(IPv6Address(host).scope_id or ""))
    except AddressValueError:
        return False
