"""What a run measured, subject by subject, in the order in which it is read."""

from __future__ import annotations

from assess.describe.workload import Workload
from assess.measure.measurement import Measurement
from assess.report.facts.fact import Fact, Group
from assess.report.facts.memory import memory, starting
from assess.report.facts.outputs import outputs
from assess.report.facts.scenarios import scenarios
from assess.report.facts.setting import computing, setting
from assess.report.facts.sustained import sustained
from assess.report.facts.timing import timing
from assess.report.facts.tool import tool_facts


def run_facts(measurement: Measurement, workload: Workload) -> tuple[Group, ...]:
    """All facts of a run; a subject of which nothing was measured is left out."""
    groups = (
        tool_facts(measurement),
        timing(measurement, workload),
        scenarios(measurement),
        starting(measurement),
        memory(measurement),
        outputs(measurement),
        sustained(measurement),
        computing(measurement),
        setting(measurement),
    )
    return tuple(group for group in groups if group.facts or group.tables)


def brief_facts(measurement: Measurement, workload: Workload) -> list[Fact]:
    """Those that a report of one screen has room for."""
    return [fact for group in run_facts(measurement, workload) for fact in group.facts if fact.brief]
