"""The kinds of profiles, and how a file tells which it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from assess.describe.authored import read
from assess.describe.device import Device
from assess.describe.partner import Partner
from assess.describe.references import Kind
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.workload import Workload
from assess.errors import AssessError

SCHEMAS: Final[Mapping[Kind, type[BaseModel]]] = {
    "devices": Device,
    "workloads": Workload,
    "partners": Partner,
    "runtimes": Runtime,
    "standards": Standard,
}

#: Keys that only files of one kind have.
_TELLING: Final[Mapping[str, Kind]] = {
    "scenario": "workloads",
    "requires": "workloads",
    "policy": "partners",
    "cannot_show": "standards",
    "operators": "runtimes",
    "quantises_floats": "runtimes",
    "engine": "devices",
    "memory": "devices",
    "on_chip": "devices",
    "extends": "devices",
}


def kind_of(file: Path) -> Kind:
    """What kind of profile a file is: by the folder it lies in, else by the keys it has.

    Raises:
        AssessError: neither tells, or the file cannot be read.
    """
    # Where it lies by its name: a link may lead anywhere, or in a circle.
    folder = Path(os.path.normpath(file.absolute())).parent.name
    for kind in SCHEMAS:
        if folder == kind:
            return kind
    own = read(file)
    found = next((kind for key, kind in _TELLING.items() if key in own), None)
    if found is None:
        raise AssessError(
            "neither its folder nor its keys tell what it describes",
            where=str(file),
            hint=f"put it into a folder named {', '.join(SCHEMAS)}, or name its kind with --kind",
        )
    return found
