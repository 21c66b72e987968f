"""From a trained network to ONNX files: fp32, int8 as static QDQ, and fp16."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.distill.recipe import Recipe, example, inputs_of, outputs_of, states_of
from assess.measure.tasks.task import Arrays

if TYPE_CHECKING:
    from torch import nn

#: What compilers of small devices read; TensorRT, QNN, IMX500's and TI's all do.
OPSET: Final = 17


def to_fp32(network: nn.Module, recipe: Recipe, file: Path) -> None:
    """Write a network as ONNX, all in one file, its shapes fixed but for what the recipe says is open."""
    import torch

    network.eval()
    inputs, outputs = list(inputs_of(recipe, network)), outputs_of(recipe, network)
    # The exporter by tracing: the other one starts at opset 18, which compilers of small devices do not read.
    torch.onnx.export(
        network,
        example(recipe, network),
        str(file),
        input_names=inputs,
        output_names=outputs,
        dynamic_axes={name: axes for name, axes in recipe.dynamic.items() if name in (*inputs, *outputs)},
        opset_version=OPSET,
        dynamo=False,
    )


def to_int8(network: nn.Module, source: Path, recipe: Recipe, file: Path, seed: int) -> None:
    """Quantise: QDQ, activations uint8, weights int8 per channel and symmetric, within seven bits.

    Seven bits, since x86 without VNNI adds pairs of 8-bit products in 16 bits, which overflow: with eight a file that
    is right on ARM is wrong there (MLAS, `vpmaddubsw`). With seven it is the same on both.

    Args:
        network: what `source` holds; states that a frame of the calibration leaves out are as it begins.
        source: the fp32 file.
        recipe: how it was made.
        file: to be written.
        seed: of the calibration.
    """
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, frames: Iterable[Arrays]) -> None:
            self._frames: Iterator[Arrays] = iter(frames)

        def get_next(self) -> dict[str, Any] | None:
            frame = next(self._frames, None)
            return None if frame is None else dict(frame)

    begun = {each["input"]: np.zeros(each["shape"], each["dtype"]) for each in states_of(recipe, network)}
    prepared = file.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    try:
        quantize_static(
            str(prepared),
            str(file),
            Reader({**begun, **frame} for frame in recipe.calibration(seed)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(recipe.quantised) or None,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=_nodes_of(prepared, recipe.keep_float),
        )
    finally:
        prepared.unlink()


def to_fp16(source: Path, file: Path) -> None:
    """Store and compute in fp16; inputs and outputs stay fp32."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    converted = OnnxModel(convert_float_to_float16(onnx.load(source), keep_io_types=True))
    converted.topological_sort()  # It appends the casts that it puts in, which ONNX does not allow.
    onnx.checker.check_model(converted.model)
    onnx.save(converted.model, file)


def _nodes_of(file: Path, operators: Iterable[str]) -> list[str]:
    import onnx

    wanted = set(operators)
    return [node.name for node in onnx.load(file, load_external_data=False).graph.node if node.op_type in wanted]
