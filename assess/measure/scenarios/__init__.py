"""Scenarios of the timed pass: how frames arrive, when the run is long enough, and what is fed back.

Imported by the worker: the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from assess.measure.scenarios.periodic import periodic
from assess.measure.scenarios.poisson import poisson
from assess.measure.scenarios.scenario import Scenario
from assess.measure.scenarios.single import single
from assess.measure.scenarios.stateful import stateful
from assess.measure.scenarios.sustained import sustained
from assess.measure.scenarios.trace import trace

#: In the order of the documentation.
SCENARIOS: Final[Mapping[str, Callable[[Mapping[str, Any]], Scenario]]] = {
    "single": single,
    "periodic": periodic,
    "poisson": poisson,
    "trace": trace,
    "stateful": stateful,
    "sustained": sustained,
}
