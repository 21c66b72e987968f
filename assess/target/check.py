"""Whether a target is usable, and how good it is, in ten seconds; nothing is brought there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from assess.describe.device import Device
from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.measure.diagnosis import Diagnosis
from assess.project.target import why_not_the_device
from assess.providers import CPU
from assess.target.asking import Listener
from assess.target.comparing import doctor_on
from assess.target.connected import Board, kept_kit, require_usable
from assess.target.link import Link
from assess.target.measuring import BoardFacts, facts_of
from assess.target.probe import Probed, probe


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """What was found of a target.

    Attributes:
        target: as its inventory has it.
        reached_s: seconds that reaching and asking it took.
        clock_off_s: how far its clock is before ours, seconds; None if it does not tell.
        probed: what it is.
        why_unusable: why nothing can be run there; None if it can.
        bytes_to_send: of the kit; 0 if it is there, None if its wheels are not here.
        facts: what it tells of itself; None where the kit is not there.
        diagnosis: how good it is as an instrument; None where the kit is not there, or somebody measures.
        not_the_device: why it is not the device that its inventory says; "" if it is, or none is said.
    """

    target: Target
    reached_s: float
    clock_off_s: float | None
    probed: Probed
    why_unusable: AssessError | None
    bytes_to_send: int | None = None
    facts: BoardFacts | None = None
    diagnosis: Diagnosis | None = None
    not_the_device: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether something can be run there."""
        return self.why_unusable is None


def check(
    target: Target,
    device: Device | None,
    listen: Listener,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> TargetCheck:
    """Look at a target.

    Args:
        target: as its inventory has it.
        device: that its inventory says it is; None if it says nothing.
        listen: who is told what is done.
        clock: seconds, monotonic.
        now: seconds since 1970.

    Raises:
        AssessError: it cannot be reached, or the kit there fails.
    """
    begun = clock()
    link = Link(target.at)
    listen.progress(f"connecting to {target.name}", None, None)
    probed = probe(link, target.folder, target.python)
    reached_s = clock() - begun
    off_s = None if probed.clock_s is None else probed.clock_s - now()
    try:
        require_usable(target, probed)
    except AssessError as error:
        return TargetCheck(target, reached_s, off_s, probed, error)
    kit = kept_kit(probed)
    if kit is None or kit.tag not in probed.kits:
        return TargetCheck(target, reached_s, off_s, probed, None, None if kit is None else kit.size)
    board = Board(target, link, probed, kit.tag)
    facts = facts_of(board, listen)
    found = None
    if not facts.held:
        found = doctor_on(board, rate_hz=None, deadline_s=None, provider=CPU, listen=listen)
    why = why_not_the_device(facts.host, device) if device else ""
    return TargetCheck(target, reached_s, off_s, probed, None, 0, facts, found, why)
