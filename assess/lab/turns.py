"""Which cases of a lab wait and which run, and who is there for them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from assess.errors import AssessError
from assess.lab.messages import Lab, LabWorker
from assess.measure.measurement import Measurement

#: How often it is looked who is there.
_LOOK_EVERY_S: Final = 1.0
#: A worker that says that it was told to stop may be asked again, until it has left.
_MOST_STOPPED: Final = 5

#: A case's number, and what came of it.
Arrival = tuple[int, Measurement | AssessError]


class Case(NamedTuple):
    """What is to be measured: on what, how long its frames take about, and what people call it."""

    device: str
    expected_s: float
    name: str


@dataclass(slots=True)
class Running:
    """A case that was handed in.

    Attributes:
        case: what it is.
        to: addresses of the only workers that may run it; empty if all that offer its device may.
        known_s: when it was last known how long it takes.
        left_s: how long it took then.
    """

    case: Case
    to: tuple[str, ...]
    known_s: float
    left_s: float


class _Line:
    """Cases that wait for one device, and how long their frames take together."""

    def __init__(self) -> None:
        self.numbers: deque[int] = deque()
        self.expected_s = 0.0


@dataclass(slots=True)
class Turns:
    """The state of a lab's cases; it is changed case by case.

    Attributes:
        lab: where they are measured.
        cases: all of them, by their numbers.
        clock: in seconds.
        waiting: lines by device.
        running: by their numbers.
        there: who was there when it was looked last.
        unfit: why workers cannot be used, by their addresses, as they said themselves.
    """

    lab: Lab
    cases: Mapping[int, Case]
    clock: Callable[[], float]
    waiting: dict[str, _Line] = field(default_factory=dict)
    running: dict[int, Running] = field(default_factory=dict)
    there: Sequence[LabWorker] = ()
    unfit: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _missing_since_s: dict[str, float] = field(default_factory=dict)
    _looked_s: float = float("-inf")
    _stopped: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for number, case in self.cases.items():
            line = self.waiting.setdefault(case.device, _Line())
            line.numbers.append(number)
            line.expected_s += case.expected_s

    @property
    def left(self) -> list[int]:
        """Numbers of the cases that have not come."""
        return sorted([*self.running, *(number for line in self.waiting.values() for number in line.numbers)])

    @property
    def waiting_count(self) -> int:
        """How many wait."""
        return sum(len(line.numbers) for line in self.waiting.values())

    def look(self, *, now: bool = False) -> None:
        """See who is there, once a second at most unless it matters now."""
        if now or self.clock() - self._looked_s >= _LOOK_EVERY_S:
            self.there, self._looked_s = self.lab.workers(), self.clock()

    def fit(self, device: str) -> list[LabWorker]:
        """Workers that can measure on a device."""
        return [one for one in self.there if device in one.devices and not self._why_unfit(one)]

    def fill(self) -> Iterator[Arrival]:
        """Hand in as many cases as there are workers that are free for them; yields those that cannot be handed in."""
        free = len({one.address for device in self.waiting for one in self.fit(device)}) - len(self.running)
        for device, line in self.waiting.items():
            fit = self.fit(device)
            here = sum(each.case.device == device for each in self.running.values())
            # Only where some cannot be used Dask is told who can: else one that joins later has its share, too.
            all_fit = len(fit) == sum(device in one.devices for one in self.there)
            to = () if all_fit else tuple(one.address for one in fit)
            for _ in range(min(len(fit) - here, free, len(line.numbers))):
                number = line.numbers.popleft()
                line.expected_s -= (case := self.cases[number]).expected_s
                try:
                    self.lab.send(number, device, to)
                except AssessError as error:
                    yield number, error
                else:
                    self.running[number] = Running(case, to, self.clock(), case.expected_s)
                    free -= 1

    def back(self, number: int) -> None:
        """A case waits again, before the others."""
        case = self.running.pop(number).case
        line = self.waiting[case.device]
        line.numbers.appendleft(number)
        line.expected_s += case.expected_s

    def back_from(self, number: int) -> Iterator[Arrival]:
        """The same for one that a worker did not finish because it was told to stop; not without end."""
        self._stopped[number] += 1
        if self._stopped[number] < _MOST_STOPPED:
            self.back(number)
            self.look(now=True)
        else:
            del self.running[number]
            yield number, AssessError(f"workers were told to stop {_MOST_STOPPED} times while they measured it")

    def unoffered(self, comes_back_s: float) -> Iterator[Arrival]:
        """Cases that nobody can measure: at once, but if their worker was there nobody came back in some time."""
        wanted = {device for device, line in self.waiting.items() if line.numbers}
        for device in sorted(wanted | {each.case.device for each in self.running.values()}):
            if self.fit(device):
                self._seen.add(device)
                self._missing_since_s.pop(device, None)
                self._again_where_gone(device)
                continue
            since_s = self._missing_since_s.setdefault(device, self.clock())
            left = device in self._seen and not any(device in one.devices for one in self.there)
            if not left or self.clock() - since_s >= comes_back_s:
                yield from self._given_up(device)

    def left_s(self) -> float:
        """Until all is done, about: the longest line; or all together, where workers offer several devices."""
        now_s = self.clock()
        whole_s = {device: line.expected_s for device, line in self.waiting.items()}
        for each in self.running.values():
            whole_s[each.case.device] += max(each.left_s - (now_s - each.known_s), 0.0)
        workers = {device: {one.address for one in self.fit(device)} for device in whole_s}
        together_s = sum(whole_s.values()) / max(len(set().union(*workers.values())), 1)
        return max([together_s, *(span_s / max(len(workers[device]), 1) for device, span_s in whole_s.items())])

    def _why_unfit(self, worker: LabWorker) -> str:
        return worker.unfit or self.unfit.get(worker.address, "")

    def _why_none(self, device: str) -> str:
        offered = [f"{one.name}: {self._why_unfit(one)}" for one in self.there if device in one.devices]
        if offered:
            return f"no worker of the lab that offers {device} can measure: {'; '.join(offered)}"
        return f"no worker of the lab offers {device}{' any more' * (device in self._seen)}"

    def _again_where_gone(self, device: str) -> None:
        """Cases wait again that only workers may run which are gone, while others have come."""
        addresses = {one.address for one in self.fit(device)}
        for number, each in list(self.running.items()):
            if each.case.device == device and each.to and addresses.isdisjoint(each.to):
                self.lab.forget(number)
                self.back(number)

    def _given_up(self, device: str) -> Iterator[Arrival]:
        hint = "`assess lab status` tells who offers what, `assess lab worker` offers a device"
        why = AssessError(self._why_none(device), hint=hint)
        for number in [number for number, each in self.running.items() if each.case.device == device]:
            self.lab.forget(number)
            self.back(number)
        line, self.waiting[device] = self.waiting[device], _Line()
        yield from ((number, why) for number in sorted(line.numbers))
