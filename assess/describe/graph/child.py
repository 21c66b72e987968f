"""The process that reads an untrusted model: started by `assess.describe.graph.describe`, limited, and gone after."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assess.child import Tell, serve
from assess.errors import AssessError


def answer(request: dict[str, Any], tell: Tell) -> Any:
    """The facts of the model that the request names, or of each of its nodes, as JSON has them; or its copies."""
    tell({"stage": "reading"})
    try:
        return _answer(request)
    except UnicodeDecodeError as error:  # As some builds of protobuf say it, when a field is read.
        raise AssessError("is damaged: a name in it is no text", where=request["path"]) from error


def _answer(request: dict[str, Any]) -> Any:
    # Imported here, within the limits, and so that an import that fails is an answer too.
    if "nodes" in request:
        from assess.describe.graph import each_node

        return each_node.answer(request)
    if "added_s" in request:
        from assess.describe.graph import injection

        return injection.answer(request)
    from assess.describe.graph import facts

    return asdict(facts.describe(Path(request["path"]), request["dims"]))


if __name__ == "__main__":
    serve(answer)
    # All is answered: to take apart what onnx has made would take a fifth of the time that a small model does.
    sys.stderr.flush()
    os._exit(0)
