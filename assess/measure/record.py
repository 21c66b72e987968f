"""A run as a file: `run.json`, written the same way each time, and believed only if it agrees with itself.

History of the format:
    assess.run/1  the first: "service" holds the service times of a closed loop.
    assess.run/2  "frames" holds release, start and end of each frame; back to back, floor and further passes; a run
                  that failed or was stopped keeps what was measured before.
    assess.run/3  "fidelity".
    assess.run/4  "reached": it was made on a target; "tool_run": a vendor's tool ran the model; "constraints", with
                  "cpus" and "realtime" in "requested"; what emulates a host, and its instruction sets.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_type_hints

from assess.describe import model_json
from assess.errors import AssessError
from assess.measure import frames_json, strict_json
from assess.measure.contradictions import contradictions
from assess.measure.fidelity import require_pairs
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.frames_json import same_as_derived
from assess.measure.measurement import Measurement
from assess.measure.plain import decode, require_keys
from assess.measure.scenarios.offline import BatchRun
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.tool_run import tool_contradictions

_FAMILY: Final = "assess.run/"
_NEWEST: Final = 4
SCHEMA: Final = f"{_FAMILY}{_NEWEST}"

#: A run of a million samples of a large model has 10 MB; a reader that takes any size can be made to run out of memory.
_MOST_BYTES: Final = 128 * 2**20

#: Fields with a form of their own in the file; all others are written as they are.
_SPECIAL: Final = ("model", "frames", "back_to_back_ns", "memory")


def to_json(measurement: Measurement) -> str:
    """The run as text: the same text for the same run, whatever machine writes it."""
    plain = asdict(_without_samples(measurement))  # Samples would be copied one by one.
    plain["frames"] = frames_json.to_json(measurement.frames)
    for (_, holder), part in zip(_holders(plain), _parts(measurement), strict=True):
        holder["frames"] = frames_json.to_json(part.frames)
    plain["back_to_back"] = frames_json.samples_to_json(measurement.back_to_back_ns)
    del plain["back_to_back_ns"]
    plain["model"] = model_json.to_json(measurement.model)
    if measurement.memory is not None:
        plain["memory"]["model_peak"] = measurement.memory.model_peak
    return json.dumps({"schema": SCHEMA, **plain}, allow_nan=False, indent=1) + "\n"


def _without_samples(measurement: Measurement) -> Measurement:
    offline, none = measurement.offline, Frames()
    if offline is not None:
        offline = replace(offline, batches=tuple(replace(each, frames=none) for each in offline.batches))
    stages = tuple(replace(each, frames=none) for each in measurement.stages)
    return replace(measurement, frames=none, back_to_back_ns=(), offline=offline, stages=stages)


def _parts(measurement: Measurement) -> list[BatchRun | StageRun]:
    """Parts of a run that have frames of their own."""
    return [*(measurement.offline.batches if measurement.offline else ()), *measurement.stages]


def _holders(plain: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The same parts, as paths and JSON objects."""
    offline = plain["offline"]
    batches = offline.get("batches") if isinstance(offline, dict) else None
    return [
        (f"{path}.{index}", each)
        for path, found in (("offline.batches", batches), ("stages", plain["stages"]))
        if isinstance(found, list | tuple)
        for index, each in enumerate(found)
        if isinstance(each, dict) and "frames" in each
    ]


def measurement_sha256(measurement: Measurement) -> str:
    """Identity of a run: the sha256 of its text in today's version of the format.

    `sha256sum run.json` prints the same, unless the file has an older version or another layout: the text is written
    anew, so that a run has one identity however its file came about.
    """
    return hashlib.sha256(to_json(measurement).encode()).hexdigest()


def read(path: Path) -> Measurement:
    """Read a run from its file.

    Raises:
        AssessError: it cannot be read, or is not a run.
    """
    return from_json(strict_json.read_text(path, _MOST_BYTES, "run"), str(path))


def from_json(text: str, where: str) -> Measurement:
    """Read a run; everything that was derived is derived again and compared.

    Raises:
        AssessError: the text is not a run, is of a newer version, or contradicts itself.
    """
    strict_json.check_size(len(text), _MOST_BYTES, "run", where)
    try:
        data = strict_json.loads(text)
        _require_schema(data)
        measurement = _measurement(data)
        for problem in _contradictions(measurement):
            raise ValueError(problem)
    except ValueError as error:
        raise AssessError(str(error), where=where) from error
    return measurement


def _require_schema(data: Any) -> None:
    if not isinstance(data, dict) or not isinstance(schema := data.get("schema"), str):
        raise ValueError("is not a run: it has no 'schema'")
    match = re.fullmatch(rf"{_FAMILY}([1-9]\d{{0,8}})", schema)
    if match and int(match[1]) <= _NEWEST:
        return
    if match:
        raise ValueError(f"{schema} was written by a newer assess; this one reads up to {SCHEMA}")
    raise ValueError(f"schema {schema!r:.80} is not a run's ({SCHEMA})")


def _measurement(data: dict[str, Any]) -> Measurement:
    data = _of_this_version(data)
    names = {field.name for field in fields(Measurement)} - {"back_to_back_ns"}
    require_keys(data, "", names | {"schema", "back_to_back"})
    hints = get_type_hints(Measurement)
    for path, holder in _holders(data):
        holder["frames"] = frames_json.from_json(holder["frames"], f"{path}.frames")
    plain = {name: decode(hints[name], data[name], name) for name in sorted(names - set(_SPECIAL))}
    return Measurement(
        **plain,
        model=_model(data["model"]),
        frames=frames_json.from_json(data["frames"], "frames"),
        back_to_back_ns=frames_json.samples_from_json(data["back_to_back"], "back_to_back"),
        memory=_memory(hints["memory"], data["memory"]),
    )


def _of_this_version(data: dict[str, Any]) -> dict[str, Any]:
    """An older run in the form of today's: what nobody asked then is absent."""
    if data["schema"] == SCHEMA:
        return data
    newer = _with_frames(data) if data["schema"] == f"{_FAMILY}1" else dict(data)
    for later in fields(Measurement):
        if later.name not in newer and later.default_factory is not MISSING:
            newer[later.name] = later.default_factory()
        elif later.name not in newer and later.default is not MISSING:
            newer[later.name] = list(later.default) if isinstance(later.default, tuple) else later.default
    return newer


def _with_frames(data: dict[str, Any]) -> dict[str, Any]:
    """A run of the first version, whose frames were the service times of a closed loop."""
    if "service" not in data:
        raise ValueError("service: missing key")
    newer = {name: value for name, value in data.items() if name != "service"}
    service = frames_json.samples_from_json(data["service"], "service")
    newer["frames"] = frames_json.to_json(closed_loop_frames(service))
    newer["back_to_back"] = frames_json.samples_to_json(())
    return newer


def _model(data: Any) -> Any:
    if not isinstance(data, dict):
        raise ValueError("model: expected an object")
    try:
        return model_json.from_json(data)
    except ValueError as error:
        raise ValueError(f"model.{error}") from error


def _memory(kind: Any, data: Any) -> Any:
    if not isinstance(data, dict):
        return decode(kind, data, "memory")
    memory = decode(kind, {key: value for key, value in data.items() if key != "model_peak"}, "memory")
    require_keys(data, "memory", {"model_peak"}, set(data))
    same_as_derived("memory", {"model_peak": data["model_peak"]}, {"model_peak": memory.model_peak})
    return memory


def _contradictions(measurement: Measurement) -> Iterator[str]:
    """What in a run does not agree with the rest of it."""
    try:
        datetime.fromisoformat(measurement.created)
    except ValueError:
        yield f"created: {measurement.created!r:.40} is not a time as ISO 8601 has it"
    tool = measurement.tool_run
    if measurement.failure is None and not len(measurement.frames) and (tool is None or tool.statistics is None):
        yield "frames: 0 of them, though the run did not fail"
    whole = measurement.failure is None and not measurement.incomplete
    if whole and measurement.effective is None and tool is None:
        yield "effective: is null, though the run did not fail"
    if (measurement.memory is None) != ("memory" in measurement.absent):
        yield "absent.memory: must be there if memory is null, and only then"
    if measurement.effective is not None and not measurement.effective.providers:
        yield "effective.providers: is empty"
    yield from contradictions(measurement)
    yield from _of_a_tool(measurement)
    if measurement.fidelity is not None:
        try:
            require_pairs(measurement.fidelity)
        except ValueError as error:
            yield str(error)
    yield from _impossible_memory(measurement)
    yield from _two_hosts(measurement)
    ports = {port.name for port in measurement.model.inputs}
    its_own = tool is not None and not measurement.inputs and "inputs" in measurement.absent
    if {used.name for used in measurement.inputs} != ports and not its_own:
        yield "inputs: are not those of the model"


def _of_a_tool(measurement: Measurement) -> Iterator[str]:
    """What a run by a vendor's tool has, and no other run."""
    tool = measurement.tool_run
    if (tool.name if tool else "") != measurement.requested.runner:
        yield "tool_run.name: is not the runner that was asked for"
    if tool is None:
        return
    yield from tool_contradictions(tool, measurement.model.files[0].sha256)
    if tool.statistics is not None and len(measurement.frames):
        yield "tool_run.statistics: are there, and so are the frames that they would be of"
    if measurement.effective is not None or measurement.back_to_back_ns or measurement.windows:
        yield "effective, back_to_back and windows: are of assess's own harness, and a tool ran the model"


def _impossible_memory(measurement: Measurement) -> Iterator[str]:
    memory = measurement.memory
    if memory is not None and not 0 < memory.baseline <= max(memory.load_peak, memory.first_peak, memory.steady_peak):
        yield "memory.baseline: is not between nothing and the highest peak"


def _two_hosts(measurement: Measurement) -> Iterator[str]:
    """A run has one host; what no run changes must be the same before and after it."""
    for name in ("architecture", "cores", "os", "board", "cpu", "memory_bytes", "emulator", "instructions"):
        first, last = getattr(measurement.before, name), getattr(measurement.after, name)
        if first != last:
            yield f"after.{name}: {last!r:.40}, but before the run it was {first!r:.40}"
    for when, host in (("before", measurement.before), ("after", measurement.after)):
        for key, name in (("board", "board"), ("CPU", "cpu"), ("power mode", "power_mode")):
            if getattr(host, name) and key in host.absent:
                yield f"{when}.absent: says why there is no {key}, but {when}.{name} has one"
