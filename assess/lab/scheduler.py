"""Reach a scheduler by its address, or say within seconds why not."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from distributed import Client, Security, connect

from assess.errors import AssessError

#: A scheduler that is there answers within a fraction of this, through a VPN too.
CONNECT_S: Final = 5.0
_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.%\w]+\]|[\w.-]+):(\d{1,5})")


def checked_address(address: str, option: str) -> str:
    """An address as Dask has it.

    Raises:
        AssessError: it is none.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) < 2**16:
        hint = "as tcp://127.0.0.1:8786 or tls://scheduler:8786: what `dask scheduler` prints when it starts"
        raise AssessError(f"{address!r:.80} is no address of a scheduler", where=option, hint=hint)
    return address


def is_open_to_others(address: str) -> bool:
    """Whether others than this host's users may reach it, and it has no authentication."""
    found = _ADDRESS.fullmatch(address)
    if found is None or found[1] == "tls":
        return False
    try:
        return not ipaddress.ip_address(found[2].strip("[]")).is_loopback
    except ValueError:
        return found[2] != "localhost"


def quiet() -> None:
    """Keep Dask from logging: what went wrong is told by us, once; Dask logs each try with its traceback."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def connected(address: str, option: str, *, within_s: float = CONNECT_S) -> Iterator[Client]:
    """A client of a scheduler; certificates for TLS come from Dask's own configuration.

    Args:
        address: of the scheduler.
        option: that named it.
        within_s: how long it is tried.

    Raises:
        AssessError: it cannot be reached, or is none.
    """
    checked_address(address, option)
    quiet()
    try:
        # A client that could not be made takes ten seconds to go; so it is tried without one.
        asyncio.run(_reach(address, within_s))
        # Results are text and bytes: a pickle in one of them is not loaded.
        client = Client(address, timeout=within_s, set_as_default=False, deserializers=["dask", "msgpack"])
    except Exception as error:  # Whatever listens there may answer anything.
        problem, hint = _why_not(address, error)
        raise AssessError(problem, where=f"{option} {address}", hint=hint) from error
    try:
        yield client
    finally:
        client.close(timeout=within_s)


async def _reach(address: str, within_s: float) -> None:
    comm = await connect(address, timeout=within_s, **Security().get_connection_args("client"))
    await comm.close()


def _why_not(address: str, error: Exception) -> tuple[str, str]:
    if isinstance(error, TypeError) and address.startswith("tls:"):
        hint = "name CA, certificate and key in Dask's configuration: docs/lab.md, TLS"
        return "Dask is not told which certificates to use", hint
    if isinstance(error, RuntimeError) and "encrypt" in str(error):
        return "Dask is configured to require TLS", f"ask for {address.replace('tcp:', 'tls:')}"
    if "SSL" in str(error):
        return f"certificates are not taken: {error!s:.300}", "both must be of the CA that both name: docs/lab.md, TLS"
    if isinstance(error, OSError):
        return f"no scheduler answers: {error}", "start one with `dask scheduler`, or ask for --lab local"
    return f"what answers there is no scheduler of Dask: {type(error).__name__}", "is it the port of its dashboard?"
