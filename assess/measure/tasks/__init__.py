"""The tasks, one file each; one is imported only when it is asked for, since some need a simulator."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.measure.tasks.task import Task

#: Each task by its id, as "module:name".
TASKS: Final[Mapping[str, str]] = {
    "catch": "assess.measure.tasks.catch:CATCH",
    "frame-upscale": "assess.measure.tasks.frame_upscale:FRAME_UPSCALE",
    "hopper-positions": "assess.measure.tasks.hopper:HOPPER_POSITIONS",
    "hopper-speed": "assess.measure.tasks.hopper:HOPPER_SPEED",
    "keyword-spot": "assess.measure.tasks.keyword_spot:KEYWORD_SPOT",
    "lane-keeping": "assess.measure.tasks.lane_keeping:LANE_KEEPING",
    "npc-lines": "assess.measure.tasks.npc_lines:NPC_LINES",
    "object-detect": "assess.measure.tasks.object_detect:OBJECT_DETECT",
    "road-occupancy": "assess.measure.tasks.road_occupancy:ROAD_OCCUPANCY",
    "wafer-map": "assess.measure.tasks.wafer_map:WAFER_MAP",
}


def source_of(id_: str) -> Path:
    """The file of a task's code; of one that `find_task` finds."""
    spec = find_spec(TASKS[id_].partition(":")[0])
    assert spec is not None and spec.origin is not None  # It is a file of ours.
    return Path(spec.origin)


def find_task(id_: str) -> Task:
    """The task of an id.

    Raises:
        AssessError: there is none, or a package that it needs is not installed.
    """
    if id_ not in TASKS:
        raise AssessError(f"there is no task {id_!r}", hint=f"there are {', '.join(TASKS)}")
    module, _, name = TASKS[id_].partition(":")
    try:
        found: Task = getattr(import_module(module), name)
    except ImportError as error:
        raise AssessError(f"task {id_!r} needs a package that is not installed: {error.name}") from error
    return found
