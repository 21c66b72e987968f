"""A run as a history keeps it, with one thing changed: `run(value=2e-3)`."""

from assess.project.history import Quantity, Run


def run(minute=0, value=1e-3, **changes):
    made = {
        "created": f"2026-11-29T10:{minute:02}:00+00:00", "kind": "gate-rerun", "model": "student.onnx",
        "sha256": "ab" * 32,
        "workload_id": "camera-30hz", "workload_version": 1, "host": "0123456789abcdef", "settings_key": "f" * 16,
        "onnxruntime": "1.32.0", "tool": "0.1.0", "commit": "c" * 40, "verdict": "PASS",
        "metrics": {"latency floor": Quantity(value, "s"), "file size": Quantity(1000.0, "B")},
    }  # fmt: skip
    return Run(**{**made, **changes})
