"""The start pass: from the start of a process to the first valid output, each step timed; one start a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assess.measure.engine import Engine, Kernel, Tell, answer_or_refusal, require_provider


def start_pass(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Load, run once, and check that what comes out is finite.

    Request keys of its own: "spawned_ns", the parent's monotonic clock just before it started this process (Linux and
    macOS count it from boot, for all processes alike); optional "save_optimised".

    Returns:
        {"exec_to_import_s", "import_s", "load_s", "first_s", "total_s", "invalid"}: the steps sum to the total but for
        reading the inputs, which is not timed; "invalid" says why the first output is none, "" if it is one. If the
        runtime refused: {"refused": its message, "kind": of failure}.
    """
    require_provider(request["provider"], engine)
    began, imported = engine.imported_ns
    engine.read_inputs(request["inputs"])
    return answer_or_refusal(engine, lambda: _start(request, tell, engine, kernel, began, imported))


def _start(
    request: Mapping[str, Any], tell: Tell, engine: Engine, kernel: Kernel, began: int, imported: int
) -> dict[str, Any]:
    clock = kernel.clock
    tell({"phase": "load"})
    start = clock()
    session = engine.load(request)
    loaded = clock()
    tell({"phase": "first inference"})
    run = clock()
    session.first()
    done = clock()
    steps = {
        "exec_to_import_s": began - request["spawned_ns"],
        "import_s": imported - began,
        "load_s": loaded - start,
        "first_s": done - run,
    }
    seconds = {name: max(0, ns) * 1e-9 for name, ns in steps.items()}
    return {**seconds, "total_s": sum(max(0, ns) for ns in steps.values()) * 1e-9, "invalid": _fault(session.outputs())}


def _fault(outputs: Mapping[str, Any]) -> str:
    """Why these outputs are not valid; "" if they are."""
    import numpy

    if not outputs:
        return "nothing was put out"
    for name, array in outputs.items():
        # Integers and text are what they are; so are sequences and maps.
        if isinstance(array, numpy.ndarray) and array.dtype.kind == "f" and not numpy.isfinite(array).all():
            return f"output {name!r} has NaN or Inf"
    return ""
