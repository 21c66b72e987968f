"""Gates: a newer model against what was accepted."""

from assess.gate.flow import gate, static
from assess.gate.plan import METRICS, SETTINGS, GatePlan
from assess.gate.rerun import Rerun
from assess.gate.stored import Stored

__all__ = ["METRICS", "SETTINGS", "GatePlan", "Rerun", "Stored", "gate", "static"]
