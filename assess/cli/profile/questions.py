"""What the author of a new file says: by options, else when asked on a terminal, else what is suggested."""

from __future__ import annotations

import os
import sys
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from assess.clean import clean
from assess.cli.options import choice
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.report.new import Named


@dataclass(frozen=True, slots=True)
class Given:
    """What the options say; made by `given`.

    Attributes:
        name: for people; None: to be asked for.
        vendor: of a device; None: to be asked for.
        sectors: that are served; none: to be asked for.
        asks: whether there is somebody to ask.
    """

    name: str | None
    vendor: str | None
    sectors: tuple[str, ...]
    asks: bool


def given(name: str | None, vendor: str | None, sectors: Sequence[str] | None, *, asks: bool) -> Given:
    """The options, checked.

    Raises:
        AssessError: a word is no text, or no sector.
    """
    return Given(
        None if name is None else _text(name, "--name"),
        None if vendor is None else _text(vendor, "--vendor"),
        tuple(choice(sector, _sectors(), "--sector") for sector in sectors or ()),
        asks,
    )


def named(said: Given, *, name: str, vendor: str, sector: str) -> Named:
    """Name, vendor and sectors of a device; those handed in are suggested."""
    from assess.report.new import Named

    return Named(name_of(said, name), _said(said.vendor, said, "Vendor", vendor), sectors_of(said, sector))


def name_of(said: Given, suggested: str) -> str:
    """The name for people."""
    return _said(said.name, said, "Name", suggested)


def sectors_of(said: Given, suggested: str) -> tuple[str, ...]:
    """The sectors that are served."""
    if said.sectors or not said.asks:
        return said.sectors or (suggested,)
    words = _answer(f"Sectors, of {', '.join(_sectors())}", suggested, "--sector").split(",")
    found = tuple(choice(word.strip(), _sectors(), "--sector") for word in words if word.strip())
    return found or (suggested,)


def _said(option: str | None, said: Given, what: str, suggested: str) -> str:
    if option is not None:
        return option
    return _answer(what, suggested, f"--{what.lower()}") if said.asks else suggested


def _answer(question: str, suggested: str, option: str) -> str:
    """What is typed; nothing takes what is suggested.

    Raises:
        AssessError: there is no answer to be had, or it is no text.
    """
    typer.echo(f"{question} [{clean(suggested)}]: ", err=True, nl=False)
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise AssessError("the answer is not UTF-8 text", hint=f"give {option}") from error
    if not line:
        typer.echo("", err=True)
        raise AssessError("nobody answers", hint=f"give {option}, or --yes for what is suggested")
    return _text(line.strip(), option) if line.strip() else suggested


def _text(word: str, option: str) -> str:
    """A word as text that can be written into a file: Python hands on bytes that it could not read as half characters.

    Raises:
        AssessError: it is none, or has no letter or digit.
    """
    from assess.describe.quantity import says_something

    try:
        word.encode()
    except UnicodeEncodeError:
        try:
            word = os.fsencode(word).decode()
        except UnicodeError as error:
            raise AssessError("is not UTF-8 text", where=option) from error
    if not says_something(word):
        raise AssessError("has no letter or digit", where=option, hint="leave it out to take what is suggested")
    return word


def _sectors() -> tuple[str, ...]:
    from assess.describe.device import Sector

    return typing.get_args(Sector)
