"""A lab's status as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assess.report.facts.fact import several

if TYPE_CHECKING:
    from assess.lab.status import Status


def status_lines(status: Status) -> Iterator[str]:
    """Who offers what and what runs there, worker by worker; then what waits, session by session."""
    offered = {device for one in status.workers for device in one.devices}
    count = several(len(status.workers), "worker")
    yield f"{status.address}: {count}, {several(len(offered), 'device')}, {several(len(status.sessions), 'session')}"
    for one in status.workers:
        running, *line = one.tasks or ("free",)
        doing = one.unfit or f"{'runs ' * bool(one.tasks)}{running}{f', {len(line)} in its line' * bool(line)}"
        yield f"  {one.name}  {', '.join(one.devices) or 'offers no device'}  {doing}"
    for session in status.sessions:
        yield f"  session {session.title}: {session.running} running, {session.waiting} waiting, {session.done} done"
