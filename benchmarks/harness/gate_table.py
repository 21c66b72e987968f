"""What the gates of a benchmark came to: records in a file, one line each, and the tables and goals made of them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assess.project.binomial import at_most

#: Ours, and ours with a longer one where the first could not tell; goals are theirs.
OURS = ("assess", "assess-longer")
SAME = "same"
SLOWER = ("2", "5", "10")

#: The goals: of unchanged pairs, no more false alarms, shown by so many pairs at least.
FALSE_ALARMS, UNCHANGED = 0.01, 200
#: Of 5 % slower models at least so many are caught, by a gate of at most so long, and of 20 at least.
CAUGHT, CAUGHT_WITHIN_S, SLOWED = 0.95, 60.0, 20
#: Seconds that a gate on an unchanged model may take, on an idle machine.
ENDS_WITHIN_S = {"mlp": 15.0, "big": 60.0}


@dataclass(frozen=True, slots=True)
class Gate:
    """One comparison of two models by one tool.

    Attributes:
        tool: its name.
        model: name of the model.
        variant: "same", or by how many percent more work the newer one is slower: "2", "5", "10".
        loaded: whether a neighbour burned one core meanwhile.
        answer: "alarm", "none", "inconclusive" or "failed".
        said: in the tool's own words.
        seconds: of wall time, of the whole command or commands.
        span_s: that the gate which answered says it took; 0 for others than ours.
        load: load average when it ended.
    """

    tool: str
    model: str
    variant: str
    loaded: bool
    answer: str
    said: str
    seconds: float
    span_s: float
    load: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How much slower a variant really is here, by many pairs in lockstep.

    Attributes:
        model: name of the model.
        variant: as for `Gate`.
        loaded: whether a neighbour burned one core meanwhile.
        pairs: how many were run.
        changes: for each metric the relative change: centre, and the ends of its 95 % interval.
    """

    model: str
    variant: str
    loaded: bool
    pairs: int
    changes: Mapping[str, tuple[float, float, float]]


Record = Gate | Calibration
_KINDS: Mapping[str, type[Gate] | type[Calibration]] = {"gate": Gate, "calibration": Calibration}


def line(record: Record) -> str:
    """A record as one line of JSON."""
    kind = next(name for name, kind in _KINDS.items() if isinstance(record, kind))
    return json.dumps({"kind": kind, **asdict(record)}) + "\n"


def read(files: Iterable[Path]) -> list[Record]:
    """The records of some files; a last line that was cut off by a kill is left out.

    Raises:
        SystemExit: a line is no record.
    """
    found: list[Record] = []
    for path in files:
        for number, text in enumerate(path.read_text().splitlines(keepends=True), 1):
            if not text.endswith("\n"):
                break
            try:
                fields: dict[str, Any] = json.loads(text)
                found.append(_KINDS[fields.pop("kind")](**fields))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SystemExit(f"{path}:{number}: no record of a gate: {error}") from error
    return found


def mend(path: Path) -> None:
    """Take off a last line that a kill cut off, so that the next one is appended to whole ones."""
    if path.exists() and (text := path.read_bytes()) and not text.endswith(b"\n"):
        path.write_bytes(text[: text.rfind(b"\n") + 1])


def upper_bound(count: int, trials: int) -> float:
    """A share that the true one is not above, with 95 % confidence (Clopper and Pearson, one-sided)."""
    return _bound(lambda share: at_most(count, trials, share) > 0.05) if count < trials else 1.0


def lower_bound(count: int, trials: int) -> float:
    """A share that the true one is not below, with 95 % confidence."""
    return 1.0 - upper_bound(trials - count, trials)


def _bound(below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Cell:
    """Some gates, counted."""

    gates: tuple[Gate, ...]

    def of(self, **wanted: Any) -> Cell:
        """Those whose attributes are as given."""
        return Cell(
            tuple(gate for gate in self.gates if all(getattr(gate, name) == value for name, value in wanted.items()))
        )

    def __len__(self) -> int:
        return len(self.gates)

    def seconds(self) -> list[float]:
        return [gate.seconds for gate in self.gates]


def tables(records: Sequence[Record], how: Mapping[str, str]) -> str:
    """All tables, in Markdown.

    Args:
        records: of any runs, idle and loaded.
        how: for each tool, in the order of the report, how it was asked.
    """
    gates = Cell(tuple(record for record in records if isinstance(record, Gate)))
    parts = []
    for loaded, title in ((False, "Idle machine"), (True, "Loaded machine: a neighbour burns one core")):
        part = gates.of(loaded=loaded)
        measured = [each for each in records if isinstance(each, Calibration) and each.loaded == loaded]
        if measured:
            parts.append(f"### {title}: how much slower the variants are\n\n" + "\n".join(_effects(measured)))
        if part.gates:
            parts.append(f"### {title}\n\n" + "\n".join(_rows(part, how)))
            parts.append("Our answers:\n\n" + "\n".join(_answers(part)))
    asked = sorted({gate.tool for gate in gates.gates}, key=list(how).index)
    parts.append("\n".join(f"- {tool}: {how[tool]}." for tool in asked))
    return "\n\n".join(parts) + "\n"


def _effects(measured: Iterable[Calibration]) -> Iterator[str]:
    yield "| model | more work | latency floor | latency median | pairs |\n|---|--:|--:|--:|--:|"
    for each in measured:
        cells = [
            "{:+.1%} ({:+.1%} to {:+.1%})".format(*change) if (change := each.changes.get(metric)) else "-"
            for metric in ("latency floor", "latency median")
        ]
        yield f"| {each.model} | +{each.variant} % | {cells[0]} | {cells[1]} | {each.pairs} |"


def _rows(gates: Cell, how: Mapping[str, str]) -> Iterator[str]:
    yield (
        "| tool | model | unchanged: false alarms | at most (95 %) | +2 % caught | +5 % caught | +10 % caught "
        "| passed at +10 % | cannot tell | failed | s, median | s, most |"
    )
    yield "|---|---|" + "--:|" * 10
    models = list(dict.fromkeys(gate.model for gate in gates.gates))
    for tool in how:
        mine = gates.of(tool=tool)
        for model in [*models, "all"]:
            row = mine if model == "all" else mine.of(model=model)
            if row.gates:
                yield _row(tool, model, row)


def _row(tool: str, model: str, gates: Cell) -> str:
    unchanged = gates.of(variant=SAME)
    false, seconds = unchanged.of(answer="alarm"), gates.seconds()
    cells = [
        _share(false, unchanged),
        f"{upper_bound(len(false), len(unchanged)):.1%}" if unchanged.gates else "-",
        *(_share(part.of(answer="alarm"), part) for part in (gates.of(variant=variant) for variant in SLOWER)),
        _share(gates.of(variant="10", answer="none"), gates.of(variant="10")),
        f"{len(gates.of(answer='inconclusive')) / len(gates):.0%}",
        str(len(gates.of(answer="failed"))),
        f"{statistics.median(seconds):.1f}",
        f"{max(seconds):.1f}",
    ]
    return f"| {tool} | {model} | {' | '.join(cells)} |"


def _share(part: Cell, whole: Cell) -> str:
    return f"{len(part)} of {len(whole)}" if whole.gates else "-"


def _answers(gates: Cell) -> Iterator[str]:
    """How often each of our verdicts was given: what is no alarm may be a pass that was proved, or none."""
    words = sorted({gate.said for gate in gates.gates if gate.tool in OURS and gate.answer != "failed"})
    yield f"| tool | | {' | '.join(words)} |\n|---|---|{'--:|' * len(words)}"
    for tool in OURS:
        for variant in (SAME, *SLOWER):
            part = gates.of(tool=tool, variant=variant)
            if part.gates:
                counts = " | ".join(str(len(part.of(said=word))) for word in words)
                yield f"| {tool} | {'unchanged' if variant == SAME else f'+{variant} %'} | {counts} |"


@dataclass(frozen=True, slots=True)
class Goal:
    """What was to be reached, and what was.

    Attributes:
        text: of both.
        met: None where there are too few gates to tell.
    """

    text: str
    met: bool | None

    def __str__(self) -> str:
        word = "too few gates to tell" if self.met is None else "met" if self.met else "MISSED"
        return f"- {self.text}: {word}"


def goals(records: Sequence[Record]) -> list[Goal]:
    """Each goal that some gates bear on; of an idle machine and of a loaded one apart."""
    found = []
    for loaded, where in ((False, "idle"), (True, "loaded")):
        gates = Cell(tuple(each for each in records if isinstance(each, Gate) and each.loaded == loaded))
        for tool in OURS:
            mine = gates.of(tool=tool)
            found += [Goal(f"{where}, {tool}, {goal.text}", goal.met) for goal in _verdict_goals(mine)]
        found += [Goal(f"{where}, {goal.text}", goal.met) for goal in _caught_goal(gates)]
        if not loaded:
            found += [Goal(f"{where}, {goal.text}", goal.met) for goal in _time_goals(gates.of(tool=OURS[0]))]
    return found


def _verdict_goals(gates: Cell) -> Iterator[Goal]:
    if unchanged := gates.of(variant=SAME):
        false, pairs = len(unchanged.of(answer="alarm")), len(unchanged)
        met = None if pairs < UNCHANGED else false <= FALSE_ALARMS * pairs
        if met is None and lower_bound(false, pairs) > FALSE_ALARMS:
            met = False  # So many already that more pairs would not mend it.
        yield Goal(f"false alarms {false} of {pairs} unchanged pairs, at most {FALSE_ALARMS:.0%} of {UNCHANGED}", met)
    if tenth := gates.of(variant="10"):
        yield Goal(f"passed at +10 %: {_share(tenth.of(answer='none'), tenth)}, never", not tenth.of(answer="none"))
    if failed := gates.of(answer="failed"):
        yield Goal(f"failed: {_share(failed, gates)}, never", False)


def _caught_goal(gates: Cell) -> Iterator[Goal]:
    """Of +5 %; where the first gate could not tell, a second one that is given the whole time may."""
    tool = OURS[1] if gates.of(tool=OURS[1], variant="5") else OURS[0]
    if not (slowed := gates.of(tool=tool, variant="5")):
        return
    caught = [gate for gate in slowed.of(answer="alarm").gates if gate.span_s <= CAUGHT_WITHIN_S]
    met = None if len(slowed) < SLOWED else len(caught) >= CAUGHT * len(slowed)
    if met is None and upper_bound(len(caught), len(slowed)) < CAUGHT:
        met = False
    yield Goal(
        f"{tool}, +5 % caught by a gate of {CAUGHT_WITHIN_S:g} s: {len(caught)} of {len(slowed)}, "
        f"at least {CAUGHT:.0%} of {SLOWED}", met,
    )  # fmt: skip
    passed = slowed.of(answer="none")
    yield Goal(f"{tool}, +5 % not caught is INCONCLUSIVE or NOISY: {_share(passed, slowed)} passed, never", not passed)


def _time_goals(gates: Cell) -> Iterator[Goal]:
    for model, limit_s in ENDS_WITHIN_S.items():
        if unchanged := gates.of(model=model, variant=SAME):
            most_s = max(unchanged.seconds())
            yield Goal(
                f"a gate on the unchanged {model} ends within {limit_s:g} s: {most_s:.1f} s at most", most_s <= limit_s
            )
