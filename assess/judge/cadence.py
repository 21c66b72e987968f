"""What a model's real rate costs: the same model back to back and with the pauses that the job leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assess.measure.measurement import Measurement
from assess.project.quantile import empirical

#: Below this the two medians differ by chance.
NOTABLE: Final = 1.10
#: Medians of fewer say little.
_FEWEST: Final = 5


@dataclass(frozen=True, slots=True)
class Cadence:
    """Service times at two cadences.

    Attributes:
        back_to_back_s: median, one inference right after the other.
        at_rate_s: median at the job's own rate, on which every verdict stands.
        cause: what most likely makes the difference; empty where there is none to speak of.
    """

    back_to_back_s: float
    at_rate_s: float
    cause: str

    @property
    def penalty(self) -> float:
        """The ratio."""
        return self.at_rate_s / self.back_to_back_s


def cadence(measurement: Measurement) -> Cadence | None:
    """The cadence penalty of an open-loop run; None where there is none, or where too little was run."""
    if min(len(measurement.back_to_back_ns), len(measurement.frames)) < _FEWEST:
        return None
    fast = empirical(measurement.back_to_back_ns, 50) * 1e-9
    slow = empirical(measurement.service_ns, 50) * 1e-9
    return Cadence(fast, slow, _cause(measurement) if slow > NOTABLE * fast else "")


def _cause(measurement: Measurement) -> str:
    governor, provider = measurement.after.governor, measurement.requested.provider
    if "CUDA" in provider or "Tensorrt" in provider:
        return "the GPU's clock falls between frames; lock it with `sudo nvidia-smi -lgc MIN,MAX` or jetson_clocks"
    if governor and governor != "performance":
        return f"the clock falls between frames (governor {governor}); try `sudo cpupower frequency-set -g performance`"
    return "caches and the core cool down between frames; the job will see the same"
