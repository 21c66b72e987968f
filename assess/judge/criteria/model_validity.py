"""Criterion: a valid file whose operator set the runtime reads."""

from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict

_STANDARD = "ai.onnx"


@criterion("model validity")
def model_validity(case: Case) -> Finding:
    """Is the model valid ONNX, in an operator set that the device's runtime reads?

    FAIL on any violation of the ONNX specification, and on an operator set outside the range that the device's
    preferred runtime states. UNKNOWN where the runtime states no range.
    """
    if problems := case.model.problems:
        return Finding(
            Verdict.FAIL,
            f"the file breaks the ONNX specification: {problems[0]}",
            next_step="export the model again and run onnx.checker on it",
            details=problems,
        )
    runtime, opset = case.runtime, case.model.opsets.get(_STANDARD)
    if opset is None:
        return Finding(Verdict.PASS, "valid; it uses no operator of the standard set")
    if runtime.opset is None:
        raise NoEvidenceError(f"{runtime.name} does not say which operator sets it reads", "ask its vendor")
    text = f"opset {opset}; {runtime.name} {runtime.version} reads {runtime.opset.min} to {runtime.opset.max}"
    if opset > runtime.opset.max:
        step = f"export with opset {runtime.opset.max}, or convert with onnx.version_converter"
        return Finding(Verdict.FAIL, text, next_step=step)
    if opset < runtime.opset.min:
        step = f"convert to opset {runtime.opset.min} with onnx.version_converter"
        return Finding(Verdict.FAIL, text, next_step=step)
    return Finding(Verdict.PASS, f"valid; {text}")
