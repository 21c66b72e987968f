"""A small TFLite model for tests, written by the wheel of LiteRT itself in the environment that has it.

Run by the tools' own Python: `python tflite_models.py FILE.tflite`; one fully connected layer of 1024 x 1024 floats.
"""

import sys
from pathlib import Path

WIDTH = 1024


def write(path):
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name, shape, buffer):
        made = schema.TensorT()
        made.name, made.shape, made.buffer, made.type = name, shape, buffer, schema.TensorType.FLOAT32
        return made

    layer = schema.OperatorT()
    layer.opcodeIndex, layer.inputs, layer.outputs = 0, [0, 1, -1], [2]
    layer.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    layer.builtinOptions = schema.FullyConnectedOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [tensor("x", [1, WIDTH], 0), tensor("w", [WIDTH, WIDTH], 1), tensor("y", [1, WIDTH], 2)]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [layer]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    weights = schema.BufferT()
    weights.data = np.linspace(-1, 1, WIDTH * WIDTH, dtype=np.float32).view(np.uint8)
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), weights, schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    Path(path).write_bytes(bytes(builder.Output()))


if __name__ == "__main__":
    write(sys.argv[1])
