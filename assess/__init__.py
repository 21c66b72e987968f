"""Tell whether an ONNX model is ready for a device and a job."""

__version__ = "0.1.0"
