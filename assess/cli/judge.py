"""`assess judge`: judge a run anywhere, without ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import (
    DeviceOption,
    FormatOption,
    OutputOption,
    PartnerOption,
    ProfilesOption,
    StrictOption,
    one,
)


def judge(
    run: Annotated[Path, typer.Argument(metavar="RUN.json", help="What `assess measure` wrote.")],
    device: DeviceOption,
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="ID|FILE", help="Another job; default: the run's own.")
    ] = None,
    partner: PartnerOption = None,
    profiles: ProfilesOption = None,
    format_: FormatOption = "terminal",
    output: OutputOption = None,
    strict: StrictOption = False,
) -> None:
    """Judge a run for a device, criterion by criterion. Needs the run alone: no model, no ONNX Runtime.

    Example: assess judge run.json --device nvidia-jetson-orin-nano-8gb -o report.html
    """
    from assess.clean import clean
    from assess.cli.exit_codes import of_report
    from assess.cli.notes import tell_notes
    from assess.cli.output import check_outputs, deliver, named_format
    from assess.cli.targets import folders_of, library_of, typed_again
    from assess.judge.case import Invocation
    from assess.measure.record import read
    from assess.pipeline import judge as judge_run
    from assess.pipeline import standards_of

    check_outputs(output, [run])
    form, library = named_format(format_), library_of(profiles, partner)
    target, buyer = library.device(one(device, "--device")), library.partner(partner) if partner else None
    job = library.workload(workload) if workload else None
    measurement = read(run)
    again = Invocation(workload=workload or "", options=typed_again({"--profiles": folders_of(profiles, partner)}))
    report = judge_run(measurement, target, buyer, job, standards=standards_of(buyer, library), invocation=again)
    deliver(report, form, output)
    # The run carries its job along; a relaxed copy under a known name must not pass for the known one.
    name = measurement.workload_id
    known = library.authored("workloads", name) if name in library.ids("workloads") else measurement.workload
    note = (
        f"the run's own {clean(name)} is not the {clean(name)} known here; it was judged with its own "
        "(--workload judges with the one known here)"
    )
    tell_notes(library, *([note] if job is None and known != measurement.workload else []))
    raise typer.Exit(of_report(report, strict=strict))
