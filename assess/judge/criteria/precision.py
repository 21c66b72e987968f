"""Criterion: precision and quantisation that the device computes in."""

from assess.describe.runtime import Runtime
from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.project.formats import computed_in
from assess.project.instructions import without_dot_products


@criterion("precision")
def precision(case: Case) -> Finding:
    """Does the device compute natively in the model's precision and quantisation granularity?

    What most of the model's arithmetic is done in must be among the precisions of the device's preferred runtime, and
    a quantised model must be in a format and granularity that it runs in integers. If not, the fallback runtime must
    (MARGINAL), or nothing does (FAIL). A float model that the runtime computes in another format - half precision, or
    integers of its own quantisation - is MARGINAL: it runs, and its accuracy may not be the same. Granularity matters
    as much as width: a per-channel MobileNetV2 that leaves the NPU of an STM32MP257 takes 76.3 ms instead of 11.9 ms
    (ST model zoo). On a CPU whose cores are known to have no instructions for dot products of 8-bit numbers that is
    told with the PASS: int8 gains less time there than on others.
    """
    runtime = case.runtime
    if case.model.precision == "other":
        raise NoEvidenceError("the model does its arithmetic in no format that has a peak", case.to_measure)
    obstacle = _obstacle(case, runtime)
    if not obstacle:
        slow = without_dot_products(case.device, runtime) if case.model.precision == "int8" else ""
        return Finding(
            Verdict.PASS, f"{_described(case)}; {runtime.name} computes in it natively{slow and f'; {slow}'}"
        )
    step = _step(case, runtime)
    others = [name for name in computed_in(case.model.precision, runtime) if name in runtime.precisions]
    if case.model.precision not in runtime.precisions and others:
        how = "quantised when it is compiled" if runtime.quantises_floats else "with casts"
        text = f"the model computes in {case.model.precision}; {runtime.name} would in {', '.join(others)}, {how}"
        return Finding(Verdict.MARGINAL, text, next_step=f"check what {', '.join(others)} does to its accuracy")
    fallback = case.device.fallbacks.get(runtime.fallback)
    if fallback is not None and not _obstacle(case, fallback):
        return Finding(Verdict.MARGINAL, f"{obstacle}; {fallback.name} takes it", next_step=step)
    return Finding(Verdict.FAIL, obstacle, next_step=step)


def _obstacle(case: Case, runtime: Runtime) -> str:
    model = case.model
    if not runtime.precisions:
        raise NoEvidenceError(f"{runtime.name} does not say which precisions it computes in", "ask its vendor")
    if model.precision not in runtime.precisions:
        return f"the model computes in {model.precision}; {runtime.name} in {', '.join(runtime.precisions)}"
    if model.quantisation.format == "none":
        return ""
    if runtime.quantisation is None:
        raise NoEvidenceError(f"{runtime.name} does not say how models must be quantised for it", "ask its vendor")
    form, granularity = model.quantisation.format, model.quantisation.weight_granularity
    if form not in runtime.quantisation.formats:
        return f"the model is quantised as {form}; {runtime.name} takes {', '.join(runtime.quantisation.formats)}"
    if granularity != "none" and granularity not in runtime.quantisation.granularity:
        takes = ", ".join(runtime.quantisation.granularity)
        return f"the weights are quantised {granularity}; {runtime.name} takes {takes}"
    return ""


def _described(case: Case) -> str:
    quantisation = case.model.quantisation
    if quantisation.format == "none":
        return case.model.precision
    return f"{case.model.precision}, {quantisation.format}, {quantisation.weight_granularity}"


def _step(case: Case, runtime: Runtime) -> str:
    if case.model.precision not in runtime.precisions:
        wanted = "int8" if "int8" in runtime.precisions else runtime.precisions[0]
        return f"bring the model to {wanted}"
    if runtime.quantisation and runtime.quantisation.formats:
        how = ", ".join((runtime.quantisation.formats[0], *runtime.quantisation.granularity[:1]))
        return f"quantise again: {how}"
    return f"export a float model, and let {runtime.name} quantise it"
