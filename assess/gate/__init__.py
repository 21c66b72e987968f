"""Gates: a newer model against an accepted one."""

from assess.gate.plan import METRICS, SETTINGS, GatePlan
from assess.gate.rerun import gate, static_report

__all__ = ["METRICS", "SETTINGS", "GatePlan", "gate", "static_report"]
