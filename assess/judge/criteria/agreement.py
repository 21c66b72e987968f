"""Criterion: agreement with a reference."""

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.agreement import Agreement, OutputAgreement


@criterion("agreement")
def agreement(case: Case) -> Finding:
    """Do the outputs agree with those of the reference?

    The model and the reference (--reference: a teacher, or saved outputs) are fed the same frames. Outputs that are
    all the same are a PASS. A limit on anything less is the job's to set, since no tool can know how far a student may
    stray from its teacher: the figures are given, and the answer is NOT ASKED. An output that could not be compared,
    or has NaN where the reference has a number, is UNKNOWN: the figures then are not of the whole.
    """
    measurement = case.measurement
    if measurement is None or (measurement.agreement is None and "agreement" not in measurement.absent):
        raise NotAskedError("no reference was given (--reference)")
    if (found := measurement.agreement) is None:
        raise NoEvidenceError(measurement.absent["agreement"], "give a reference that takes the model's inputs")
    details = tuple(line(each) for each in found.outputs)
    if not found.outputs:
        raise NoEvidenceError(f"{found.reference}: there are no outputs to compare", "compare a model that has outputs")
    if apart := [each for each in found.outputs if each.absent or each.mismatched]:
        text = f"{found.reference}: {obstacle(apart[0])}"
        step = "give a reference whose outputs have the same names and shapes"
        if not apart[0].absent:
            step = "find out why one of them puts out NaN or an infinity"
        return Finding(Verdict.UNKNOWN, text, next_step=step, details=details)
    frames = f"{len(found.frames)} frame{'s' * (len(found.frames) != 1)}"
    if found.is_equal:
        text = f"all outputs are those of {found.reference} in {frames}"
        if case.estimates.on_device:
            return Finding(Verdict.PASS, text, details=details)
        return Finding(Verdict.MARGINAL, f"{text}; on another host", next_step=case.to_measure, details=details)
    text = f"{summary(found)} against {found.reference} in {frames}; {case.workload.id} sets no limit"
    return Finding(Verdict.NOT_ASKED, text, details=details)


def obstacle(output: OutputAgreement) -> str:
    """Why an output cannot be compared."""
    if output.absent:
        return f"{output.output!r} {output.absent}"
    return (
        f"{output.output!r} is no finite number in {output.mismatched} of {output.of} places where the other is another"
    )


def summary(found: Agreement) -> str:
    """The worst of all outputs."""
    tops = [each.top1 for each in found.outputs if each.top1 is not None]
    distances = [each.cosine_distance for each in found.outputs if each.cosine_distance is not None]
    largest = [each.max_abs for each in found.outputs if each.max_abs is not None]
    parts = [f"top-1 agreement {min(tops):.1%}"] if tops else []
    parts += [f"cosine {1.0 - max(distances):.6f}"] if distances else []
    parts += [f"largest difference {max(largest):.3g}"] if largest else []
    if not parts:
        parts = [f"{min(each.equal or 0.0 for each in found.outputs):.1%} of the elements equal"]
    return ", ".join(parts)


def line(output: OutputAgreement) -> str:
    """One output, all its figures."""
    if output.absent:
        return f"{output.output!r}: {output.absent}"
    name = repr(output.output) if output.output == output.reference else f"{output.output!r} as {output.reference!r}"
    parts = [f"{output.equal:.1%} equal"] if output.equal is not None else []
    parts += [f"max {output.max_abs:.3g}"] if output.max_abs is not None else []
    parts += [f"mean {output.mean_abs:.3g}"] if output.mean_abs is not None else []
    parts += [f"cosine {1.0 - output.cosine_distance:.6f}"] if output.cosine_distance is not None else []
    parts += [f"relative L2 {output.relative_l2:.3g}"] if output.relative_l2 is not None else []
    parts += [f"{output.beside_spread:.3g} of its changes"] if output.beside_spread is not None else []
    parts += [f"top-1 {output.top1:.1%} of {output.top1_rows}"] if output.top1 is not None else []
    return f"{name}: {', '.join(parts)}"
