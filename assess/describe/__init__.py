"""Files to facts: devices, workloads, partners, model cards and ONNX graphs."""
