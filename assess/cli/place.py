"""Where a command runs models: on this machine, or on a target that `--on` names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.clean import clean
from assess.cli.target.inventory import InventoryOption
from assess.errors import AssessError

__all__ = ["Here", "InventoryOption", "OnOption", "There", "devices_there", "listener", "place_of"]

if TYPE_CHECKING:
    from assess.describe.device import Device
    from assess.describe.inventory import Target
    from assess.measure.measurement import Host, Measurement
    from assess.measure.timed_run import OnProgress
    from assess.target.asking import Listener
    from assess.target.connected import Board
    from assess.target.measuring import BoardFacts
    from assess.target.tool import ToolBoard

OnOption = Annotated[
    str | None,
    typer.Option("--on", metavar="TARGET", help="Run it there: ssh://user@host[:port], or a name of the inventory."),
]


class Here:
    """The machine that the command is typed on."""

    name = ""
    device = ""

    @property
    def run(self) -> Callable[..., Measurement]:
        """Runs a model for a job."""
        from assess.pipeline import run

        return run

    def host(self) -> Host:
        """What it is."""
        from assess.measure.host import read_host

        return read_host()

    def machine(self) -> str:
        """Which machine it is."""
        from assess.measure.fingerprint import machine_id

        return machine_id()

    def require(self, devices: Sequence[Device]) -> None:
        """Whether it is one of the devices, or stands for them, is told by the report."""

    def reach(self) -> None:
        """It is here."""

    def tell_sent(self) -> None:
        """Nothing is sent anywhere."""


class There:
    """A target; it is asked what it is when somebody wants to know."""

    def __init__(self, target: Target, *, by_tool: bool = False) -> None:
        self._target, self._by_tool = target, by_tool
        self._tool_board: ToolBoard | None = None
        self._board: Board | None = None
        self._facts: BoardFacts | None = None

    @property
    def name(self) -> str:
        """Of the target."""
        return self._target.name

    @property
    def device(self) -> str:
        """Id of the device that its inventory says it is; "" if it does not."""
        return self._target.device

    @property
    def board(self) -> Board:
        """The target, reached."""
        self.reach()
        assert self._board is not None
        return self._board

    @property
    def run(self) -> Callable[..., Measurement]:
        """Runs a model for a job, there."""
        from assess.target.measuring import run_on
        from assess.target.tool import run_tool_on

        self.reach()
        if self._tool_board is not None:
            return partial(run_tool_on, self._tool_board, wait=listener().wait)
        return partial(run_on, self.board, listen=listener())

    def facts(self) -> BoardFacts:
        """What it tells of itself."""
        from assess.target.measuring import facts_of

        if self._facts is None:
            self._facts = facts_of(self.board, listener())
        return self._facts

    def host(self) -> Host:
        """What it is."""
        self.reach()
        return self._tool_board.host() if self._tool_board is not None else self.facts().host

    def machine(self) -> str:
        """Which machine it is; "" where only a shell answers."""
        self.reach()
        return "" if self._tool_board is not None else self.facts().machine

    def require(self, devices: Sequence[Device]) -> None:
        """Refuse a target that is another device than all of those asked for: its figures would decide nothing.

        Raises:
            AssessError: says which it is.
        """
        ids = [device.id for device in devices]
        if self.device and not any(self.device in (device.id, device.extends) for device in devices):
            raise AssessError(
                f"{self.name} is a {self.device}, asked for is {', '.join(ids)}", where="--on",
                hint=f"--device {self.device}, another target, or measure here and let it be carried over",
            )  # fmt: skip

    def reach(self) -> None:
        """Reach it, and bring the kit there, with a bar of progress.

        Raises:
            AssessError: it cannot be reached, or cannot run assess.
        """
        if self._board is not None or self._tool_board is not None:
            return
        from assess.cli.progress import progress
        from assess.target.connected import connect, no_kit
        from assess.target.tool import reach_for_tool

        probed = None
        if self._by_tool:
            board = reach_for_tool(self._target)
            probed = board.probed
            if why := no_kit(probed):  # A vendor's tool needs nothing of ours there.
                typer.echo(f"{clean(self.name)}: {clean(why)}: the tool is run by plain ssh", err=True)
                self._tool_board = board
                return
        with progress() as tell:
            self._board = connect(self._target, listener(tell), probed=probed)

    def tell_sent(self) -> None:
        """Say how much was sent there, if anything was."""
        if self._board is not None and self._board.sent_bytes:
            typer.echo(f"sent to {clean(self.name)}: {self._board.sent_bytes / 1e6:.1f} MB", err=True)


Place = Here | There


def place_of(on: str | None, inventory: Path | None, *, by_tool: bool = False) -> Place:
    """The place that a command line names.

    Args:
        on: the target; None for this machine.
        inventory: that names it.
        by_tool: whether only a vendor's tool is to be run there.

    Raises:
        AssessError: there is no such target.
    """
    if on is None:
        if inventory is not None:
            raise AssessError("names targets, and none is asked for", where="--inventory", hint="name one with --on")
        return Here()
    from assess.describe.inventory import find_target, inventory_files

    return There(find_target(on, inventory_files(inventory)), by_tool=by_tool)


def listener(tell: OnProgress | None = None) -> Listener:
    """Who is told what happens on a target: what is waited for is said once, on standard error."""
    from assess.measure.timed_run import silent
    from assess.target.asking import Listener

    said: set[str] = set()

    def wait(what: str) -> None:
        if (whose := what.partition(", since")[0]) not in said:
            said.add(whose)
            typer.echo(clean(what), err=True)

    return Listener(progress=tell or silent, wait=wait)


def devices_there(place: Place, named: Sequence[str] | None, partner: object) -> Sequence[str] | None:
    """Devices as they were named; on a target that is a device, it is meant where none is named."""
    return [place.device] if not named and partner is None and place.device else named
