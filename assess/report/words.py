"""How findings read, the same in every format; text from models and profiles is data here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.clean import clean
from assess.judge.case import RUN
from assess.judge.finding import Finding, Verdict
from assess.judge.fit_report import FitReport
from assess.project.estimate import Rung
from assess.project.target import host_name
from assess.report.device_numbers import GRADES
from assess.report.facts.fact import Fact, Group
from assess.report.facts.setting import absences
from assess.report.run_facts import brief_facts, run_facts
from assess.units import format_quantity, format_range

RUNGS = {
    Rung.PROJECTED: "projected",
    Rung.TOLD: "statistics told",
    Rung.STATIC: "from the file",
    Rung.MEASURED: "measured on the device",
}

AVAILABILITY = {
    "announced": "announced: it cannot be bought yet, and its numbers may change",
    "closed-sdk": "closed: ONNX Runtime cannot be run on it by the public",
}


def found(finding: Finding) -> str:
    """What was found, with its unit; empty where it is not a number."""
    return format_range(finding.found.low, finding.found.high, finding.found.unit) if finding.found else ""


def limit(finding: Finding) -> str:
    """The limit, with its unit; empty where it is not a number."""
    return format_quantity(finding.limit.value, finding.limit.unit) if finding.limit else ""


def why(finding: Finding) -> str:
    """Why the verdict is what it is: numbers against their limit, then what they stand on."""
    if finding.found is None or finding.limit is None:
        return finding.because
    return f"{found(finding)} against {limit(finding)} ({finding.limit.text}); {finding.because}"


def margin(finding: Finding) -> str:
    """Share of the limit that is left, negative where it is exceeded; empty where the range is open."""
    return "" if finding.margin is None else f"{finding.margin:.0%}"


def rung(finding: Finding) -> str:
    """The rung of the evidence; empty where the finding is not a number."""
    if finding.found is None:
        return ""
    by = finding.found.by
    said = RUNGS[finding.found.rung]
    # On the device it was taken all the same: that is what the rung says, and the run's line says it in full.
    return f"{said.removesuffix(' on the device')} by {by}" if by else said


def subject(report: FitReport) -> str:
    """Model, device and job, one line."""
    case = report.case
    mode = f" ({case.device.power_mode})" if case.device.power_mode else ""
    return clean(f"{case.model.name} on {case.device.name}{mode} for {case.workload.name}")


#: What a card says that a report repeats, and under which name.
_OF_CARD: Final = (
    ("task", "what it does"),
    ("teacher", "distilled from"),
    ("quality", "by its card"),
    ("intended", "made for"),
    ("excluded", "not for"),
)


def facts(report: FitReport) -> list[tuple[str, str]]:
    """The model in a few numbers, and the run that was made of it."""
    model = report.case.model
    activations = model.peak_activation_bytes
    unknown = sum(entry.count for entry in model.unknown)
    found = [
        ("model", f"sha256:{model.sha256[:16]}, {format_quantity(model.file_bytes, 'B')}"),
        *((name, model.statements[key]) for key, name in _OF_CARD if key in model.statements),
        ("inputs", ", ".join(f"{port.name} {port.dtype} {_shape(port.shape)}" for port in model.inputs) or "none"),
        (
            "arithmetic",
            format_quantity(model.macs, "MAC") + (f" and {unknown} operators of unknown cost" * bool(unknown)),
        ),
        ("parameters", f"{format_quantity(model.parameters, 'count')}, mostly {model.precision}"),
        ("live activations", "not known" if activations is None else format_quantity(activations, "B")),
        *_job_and_device(report),
        ("run", _evidence(report)),
    ]
    if report.case.estimates.invalid:
        found.append(("not valid", "; ".join(report.case.estimates.invalid)))
    return [*((name, clean(text)) for name, text in found), ("judged by", f"assess {report.tool}")]


def _job_and_device(report: FitReport) -> list[tuple[str, str]]:
    """What a reader must know of the job and the device beside their numbers."""
    job, device = report.case.workload, report.case.device
    found = []
    if job.grade:
        found.append(("the job", f"{job.id}, version {job.version}; its deciding number is {GRADES[job.grade]}"))
    if job.co_runners:
        found.append(("beside it", f"{', '.join(job.co_runners)}: on the device, not in this run"))
    if device.availability != "shipping":
        found.append(("the device", AVAILABILITY[device.availability]))
    if other := ran_on(report):
        found.append(("ran on", other))
    return found


def ran_on(report: FitReport) -> str:
    """What ran the model on the device, where the device prefers another runtime; empty where it is that one."""
    device, estimates = report.case.device, report.case.estimates
    ran, preferred = estimates.runtime, device.runtime[0] if device.runtime else None
    if not estimates.on_device or ran is None or preferred is None or ran.id == preferred.id:
        return ""
    engine = next(binding.engine for binding in device.runtime if binding.id == ran.id)
    unmeasured = f"{preferred.id} on {preferred.engine}, which the device prefers, was not measured"
    return f"{ran.id} on engine {engine}; {unmeasured}"


def run_groups(report: FitReport) -> tuple[Group, ...]:
    """All that the run measured, and what it could not; empty if nothing was run."""
    measurement = report.case.measurement
    if measurement is None:
        return ()
    lacking = absences(measurement)
    return (*run_facts(measurement, report.case.workload), *([lacking] if lacking.facts else []))


def run_brief(report: FitReport) -> list[Fact]:
    """What the run measured, as far as one screen has room for it."""
    measurement = report.case.measurement
    return brief_facts(measurement, report.case.workload) if measurement else []


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _evidence(report: FitReport) -> str:
    measurement = report.case.measurement
    if measurement is None:
        return "nothing was run"
    proxy = report.case.estimates.proxy
    place = f"a proxy: {proxy}" if proxy else "the device itself"
    if (tool := measurement.tool_run) is not None:
        place += f"; measured by {tool.title}, not by assess's own harness"
    return f"{report.run_sha256[:16]} of {measurement.created} on {host_name(measurement.before)}, {place}"


def standards(report: FitReport) -> list[tuple[str, str, str]]:
    """The standards that the partner collects evidence for: each with what the run shows, and what none can."""
    run = report.case.measurement
    nothing = "" if run and not run.failure else "nothing, since the run failed" if run else "nothing: nothing was run"
    return [(f"{one.name} ({one.title})", nothing or one.shows, one.cannot_show) for one in report.case.standards]


def standards_note(reports: Sequence[FitReport]) -> str:
    """Of what machine the evidence for standards is, where it is not the device in every case."""
    elsewhere = sum(not report.case.estimates.on_device for report in reports)
    if not elsewhere:
        return ""
    which = "The run was" if len(reports) == 1 else f"In {elsewhere} of {len(reports)} cases the run was"
    return f"{which} taken on a proxy: what is said of time and memory, it shows of that machine, not of the device."


def open_findings(report: FitReport) -> list[Finding]:
    """Findings that want something done, worst first."""
    wanting = [finding for finding in report.findings if finding.verdict >= Verdict.MARGINAL]
    return sorted(wanting, key=lambda finding: -finding.verdict)


def steps(report: FitReport) -> list[tuple[str, str]]:
    """What to do, worst first: each step once, with the criteria that it serves and what comes after it."""
    served: dict[str, list[str]] = {}
    for finding in open_findings(report):
        if finding.next_step:
            served.setdefault(finding.next_step, []).append(finding.criterion)
    found = [(", ".join(names), step) for step, names in served.items()]
    first = next((index for index, (_, step) in enumerate(found) if after(step, report)), None)
    if first is not None:
        names, step = found[first]
        found[first] = names, f"{step}; {after(step, report)}"
    return found


def after(step: str, report: FitReport) -> str:
    """What comes after a step that measures the model on the device; "" after any other."""
    return f"then, on any machine: {report.case.to_judge}" if f"-o {RUN}" in step else ""


def not_asked(report: FitReport) -> list[Finding]:
    """Findings on what nobody asked."""
    return [finding for finding in report.findings if finding.verdict is Verdict.NOT_ASKED]


def asked(report: FitReport) -> list[Finding]:
    """Findings on what was asked, in report order."""
    return [finding for finding in report.findings if finding.verdict is not Verdict.NOT_ASKED]
