"""Files built to do harm: escapes from the folder, nesting without end, sizes that no memory holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from hostile import seeds
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper
from onnx_models import model_of, port, weight

from assess.describe.graph.wire import length_field

#: Writes `model.onnx`, and what belongs to it, into the first folder; the second is one that it must not read.
Write = Callable[[Path, Path], None]

SECRET = b"canary-4f1c9e-must-not-be-read\n"


def _saved(model: ModelProto, folder: Path, outside: Path) -> None:
    seeds.write(folder, model.SerializeToString(deterministic=True))


def _raw(data: bytes, folder: Path, outside: Path) -> None:
    seeds.write(folder, data)


def _plain(*nodes: NodeProto, weights: dict[str, np.ndarray] | None = None, opset: int = 18) -> Write:
    return partial(_saved, model_of(nodes, {"x": [4]}, ["y"], weights, opset=opset))


# Escapes


def canaries(outside: Path) -> None:
    """What a hostile model wants to read: a file, a data file of the right size, a pipe that would block."""
    outside.mkdir()
    (outside / "secret.txt").write_bytes(SECRET)
    (outside / "weights.bin").write_bytes(SECRET.ljust(64, b"!"))
    os.mkfifo(outside / "pipe")


def _external(keys: dict[str, str], prepare: Callable[[Path, Path], None], folder: Path, outside: Path) -> None:
    model = seeds.parsed("external")
    tensor = model.graph.initializer[0]
    del tensor.external_data[:]
    for key, value in keys.items():
        tensor.external_data.add(key=key, value=value.replace("OUTSIDE", str(outside)))
    _saved(model, folder, outside)
    prepare(folder, outside)


def _nothing(folder: Path, outside: Path) -> None:
    pass


def _link(name: str, target: str, folder: Path, outside: Path) -> None:
    (folder / name).symlink_to(target.replace("OUTSIDE", str(outside)))


def _pipe(folder: Path, outside: Path) -> None:
    os.mkfifo(folder / "data")


def _loop_of_links(folder: Path, outside: Path) -> None:
    (folder / "data").symlink_to("other")
    (folder / "other").symlink_to("data")


def _hard_places(folder: Path, outside: Path) -> None:
    (folder / "data").mkdir()


def _in_node(folder: Path, outside: Path) -> None:
    """The escape hides in a constant of a branch that is never taken."""
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[4])
    tensor.external_data.add(key="location", value=str(outside / "weights.bin"))
    hidden = helper.make_graph([helper.make_node("Constant", [], ["h"], value=tensor)], "h", [], [port("h", [4])])
    plain = helper.make_graph([helper.make_node("Neg", ["x"], ["p"])], "p", [], [port("p", [4])])
    node = helper.make_node("If", ["c"], ["y"], then_branch=plain, else_branch=hidden)
    _saved(model_of([node], {"x": [4]}, ["y"], {"c": np.array(True)}), folder, outside)


def escapes() -> Iterator[tuple[str, Write]]:
    """External data that lies elsewhere; every one must be refused."""
    for location in (
        "../outside/weights.bin", "OUTSIDE/weights.bin", "OUTSIDE/secret.txt", "OUTSIDE/pipe", "../outside/pipe",
        "sub/../../outside/weights.bin", "./../outside/weights.bin", "..\\outside\\weights.bin", "/etc/passwd",
        "/dev/zero", "/dev/stdin", "/proc/self/environ", "/proc/self/fd/0", "C:\\weights.bin", "file://OUTSIDE/weights.bin",
        "\x00", "weights.bin\x00../outside", "", ".", "..", "/", "~/.bashrc", "w" * 5000, "a/" * 3000 + "b",
        "\uff2eutside/\uff0e\uff0e/weights.bin",
    ):  # fmt: skip
        yield f"location {location[:20]!r}", partial(_external, {"location": location, "length": "64"}, _nothing)
    for target in (
        "../outside/weights.bin",
        "OUTSIDE/weights.bin",
        "OUTSIDE/pipe",
        "/dev/zero",
        "/etc/passwd",
        "/dev/tty",
    ):
        yield f"link to {target}", partial(_external, {"location": "data"}, partial(_link, "data", target))
    for target in ("OUTSIDE", "../outside", "/", "/proc/self"):
        location = "sub/weights.bin" if "utside" in target.lower() else "sub/etc/passwd"
        yield f"folder link to {target}", partial(_external, {"location": location}, partial(_link, "sub", target))
    yield "a pipe", partial(_external, {"location": "data"}, _pipe)
    yield "a circle of links", partial(_external, {"location": "data"}, _loop_of_links)
    yield "a folder", partial(_external, {"location": "data"}, _hard_places)
    for name, keys in {
        "offset beyond": {"offset": "65"}, "offset negative": {"offset": "-64"}, "offset huge": {"offset": str(2**62)},
        "offset of 2^64": {"offset": str(2**64)}, "offset no number": {"offset": "0x10"},
        "length huge": {"length": str(2**62)},
        "length negative": {"length": "-1"}, "length of 2^64 - 1": {"length": str(2**64 - 1)},
        "sum beyond 2^64": {"offset": str(2**63), "length": str(2**63)},
        "offset in other digits": {"offset": "\u0666\u0664"},
    }.items():  # fmt: skip
        yield name, partial(_external, {"location": "weights.bin", **keys}, _nothing)
    yield "in a branch", _in_node


# Nesting


def _nested(depth: int, kind: str) -> bytes:
    """If, Loop or Scan within each other, written as bytes: protobuf's own library would not."""
    body = b""
    for level in range(depth):
        attribute = {"If": "then_branch", "Loop": "body", "Scan": "body"}[kind]
        inner = (
            body
            or GraphProto(
                name="g", node=[helper.make_node("Identity", ["x"], ["z0"])], output=[port("z0", [4])]
            ).SerializeToString()
        )
        graph = length_field(6, inner)
        value = length_field(1, attribute.encode()) + graph + b"\xa0\x01\x05"
        node = length_field(1, b"x") + length_field(2, f"z{level + 1}".encode()) + length_field(4, kind.encode())
        node += length_field(5, value)
        body = (
            length_field(1, node)
            + length_field(2, b"g")
            + length_field(12, port(f"z{level + 1}", [4]).SerializeToString())
        )
    graph = body + length_field(11, port("x", [4]).SerializeToString())
    return b"\x08\x08" + length_field(7, graph) + length_field(8, b"\x10\x11")


def _type_nested(depth: int) -> bytes:
    """A sequence of sequences of sequences."""
    inner = b"\x0a\x02\x08\x01"
    for _ in range(depth):
        inner = length_field(4, length_field(1, inner))
    info = length_field(1, b"x") + length_field(2, inner)
    node = helper.make_node("Identity", ["x"], ["y"]).SerializeToString()
    graph = (
        length_field(1, node) + length_field(2, b"g") + length_field(11, info) + length_field(12, length_field(1, b"y"))
    )
    return b"\x08\x08" + length_field(7, graph) + length_field(8, b"\x10\x11")


def _growing_loops(depth: int) -> Write:
    """Each Loop carries a value whose shape changes from one turn to the next."""
    node, name = helper.make_node("Concat", ["v0", "v0"], ["w0"], axis=0), "w0"
    for level in range(depth):
        body = helper.make_graph(
            [helper.make_node("Identity", [f"go{level}"], [f"on{level}"]), node], "b",
            [port(f"i{level}", [], "int64"), port(f"go{level}", [], "bool"), port(f"v{level}", [4])],
            [port(f"on{level}", [], "bool"), port(name, None)],
        )  # fmt: skip
        start = "x" if level == depth - 1 else f"v{level + 1}"
        node, name = helper.make_node("Loop", ["n", "", start], [f"w{level + 1}"], body=body), f"w{level + 1}"
    node.output[0] = "y"
    return _plain(node, weights={"n": np.array(2**62)})


def _function_bomb(levels: int, calls: int) -> Write:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    functions = [helper.make_function("f", "f0", ["t0"], ["t1"], [helper.make_node("Relu", ["t0"], ["t1"])], imports)]
    for level in range(1, levels):
        nodes = [helper.make_node(f"f{level - 1}", [f"t{i}"], [f"t{i + 1}"], domain="f") for i in range(calls)]
        functions.append(helper.make_function("f", f"f{level}", ["t0"], [f"t{calls}"], nodes, imports))
    call = helper.make_node(f"f{levels - 1}", ["x"], ["y"], domain="f")
    return partial(_saved, model_of([call], {"x": [4]}, ["y"], functions=functions, domains=["f"]))


def _recursive(*calls: tuple[str, str], domain: str = "f") -> Write:
    """Functions by name, each with the one that it calls."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    functions = [
        helper.make_function(
            domain, name, ["a"], ["b"], [helper.make_node(other, ["a"], ["b"], domain=domain)], imports
        )
        for name, other in calls
    ]
    call = helper.make_node(calls[0][0], ["x"], ["y"], domain=domain)
    return partial(_saved, model_of([call], {"x": [4]}, ["y"], functions=functions, domains=["f"]))


def nesting() -> Iterator[tuple[str, Write]]:
    """Graphs, types and functions within each other."""
    for kind in ("If", "Loop", "Scan"):
        for depth in (5, 20, 30, 100, 1000, 5000):
            yield f"{kind} {depth} deep", partial(_raw, _nested(depth, kind))
    for depth in (20, 45, 100, 5000):
        yield f"sequences {depth} deep", partial(_raw, _type_nested(depth))
    for depth in (4, 6, 7, 12):
        yield f"loops that grow {depth} deep", _growing_loops(depth)
    for levels, calls in ((5, 10), (24, 10), (64, 2), (150, 1), (190, 1), (400, 1), (3, 200)):
        yield f"functions of {levels} levels and {calls} calls", _function_bomb(levels, calls)
    yield "a function that calls itself", _recursive(("g", "g"))
    yield "functions that call each other", _recursive(("g", "h"), ("h", "g"))
    yield "a circle of three functions", _recursive(("g", "h"), ("h", "k"), ("k", "g"))
    yield "a function named like an operator", _recursive(("Relu", "Relu"), domain="")
    yield "two functions of one name", _recursive(("g", "h"), ("h", "k"), ("h", "g"))


# Sizes


def _of(operator: str, *inputs: np.ndarray | None, **attributes: object) -> Write:
    """One operator on constants, whose result is added to the input so that it is needed."""
    names = [f"c{i}" if array is not None else "x" for i, array in enumerate(inputs)]
    weights = {f"c{i}": array for i, array in enumerate(inputs) if array is not None}
    node = helper.make_node(operator, names, ["big"], **attributes)
    return _plain(node, helper.make_node("Add", ["x", "big"], ["y"]), weights=weights)


def _chain(operator: str, turns: int) -> Write:
    """Each node doubles what the one before it gave."""
    nodes, name = [], "x"
    for turn in range(turns):
        nodes.append(helper.make_node(operator, [name, name], [f"d{turn}"], axis=0))
        name = f"d{turn}"
    return _plain(*nodes, helper.make_node("Identity", [name], ["y"]))


def _endless(trips: int | None) -> Write:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["v"], ["w"])], "b",
        [port("i", [], "int64"), port("go", [], "bool"), port("v", [4])], [port("on", [], "bool"), port("w", [4])],
    )  # fmt: skip
    weights = {"yes": np.array(True)} | ({} if trips is None else {"n": np.array(trips)})
    return _plain(
        helper.make_node("Loop", ["" if trips is None else "n", "yes", "x"], ["y"], body=body), weights=weights
    )


def _whole(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def _scalar(number: float, dtype: type = np.int64) -> np.ndarray:
    return np.array(number, dtype)


def sizes() -> Iterator[tuple[str, Write]]:
    """A few bytes that ask for more memory or time than there is."""
    for shape in (
        (2**31,),
        (2**40,),
        (2**62,),
        (2**20, 2**20),
        (2**40, 2**40),
        (-1,),
        (2**62, 0),
        (2**63 - 1, 2**63 - 1),
    ):
        yield f"ConstantOfShape {shape}", _of("ConstantOfShape", _whole(*shape))
    for shape in ((2**31,), (2**40,), (-1,)):
        yield f"Expand {shape}", _of("Expand", None, _whole(*shape))
    for start, end, step in ((0, 2**62, 1), (0, 10, 0), (-(2**63), 2**63 - 1, 1), (0, 2**31, 1), (5, 0, -(2**63))):
        yield f"Range {start} {end} {step}", _of("Range", _scalar(start), _scalar(end), _scalar(step))
    for step in (1e-300, float("nan"), float("inf"), 0.0):
        numbers = [_scalar(number, np.float64) for number in (0.0, 1e300, step)]
        yield f"Range of floats by {step}", _of("Range", *numbers)
    for repeats in (2**31, 2**61, -1, 0):
        yield f"Tile {repeats}", _of("Tile", None, _whole(repeats))
    for scale in (1e18, 1e-30, -1.0, float("nan"), float("inf")):
        yield f"Resize {scale}", _of("Resize", None, np.array([], np.float32), np.array([scale], np.float32))
    yield "Resize to 2^62", _plain(
        helper.make_node("Resize", ["x", "", "", "c"], ["y"]), weights={"c": _whole(2**62)}
    )  # fmt: skip
    for pads in ((2**62, 2**62), (-(2**63), 0), (-9, 0), (2**31, 0)):
        yield f"Pad {pads}", _of("Pad", None, _whole(*pads))
    yield "OneHot of 2^40", _of("OneHot", _whole(1), _scalar(2**40), np.array([0, 1], np.float32))
    yield "EyeLike of 2^31", _plain(
        helper.make_node("Expand", ["x", "c"], ["e"]), helper.make_node("EyeLike", ["e"], ["y"]),
        weights={"c": _whole(2**31, 4)},
    )  # fmt: skip
    yield (
        "RandomNormal of 2^40",
        _plain(helper.make_node("RandomNormal", [], ["r"], shape=[2**40]), helper.make_node("Add", ["x", "r"], ["y"])),
    )
    yield "a window of 2^40", _of("HannWindow", _scalar(2**40))
    yield "an Einsum of 5,000 letters", _of("Einsum", None, equation="i" * 5000 + "->i")
    yield "a Slice by -2^63", _of("Slice", None, _whole(0), _whole(2**63 - 1), _whole(0), _whole(-(2**63)))
    for turns in (40, 62, 200):
        yield f"{turns} doublings", _chain("Concat", turns)
    for trips in (None, 2**62, 2**63 - 1, -1):
        yield f"a Loop of {trips} turns", _endless(trips)


def _volume(nodes: int) -> ModelProto:
    chain = [helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(nodes)]
    chain[0].input[0], chain[-1].output[0] = "x", "y"
    return model_of(chain, {"x": [4]}, ["y"])


def _large_text(change: str, folder: Path, outside: Path) -> None:
    model, text = seeds.parsed("mlp"), "t" * 2**22
    if change == "doc":
        model.doc_string = model.graph.doc_string = model.graph.node[0].doc_string = text
    elif change == "metadata":
        model.metadata_props.add(key="k", value=text)
    elif change == "many metadata":
        for index in range(50_000):
            model.metadata_props.add(key=f"k{index}", value="v")
    elif change == "producer":
        model.producer_name = text
    elif change == "names":
        model.graph.node[0].name = model.graph.node[1].op_type = text
    elif change == "many inputs":
        model.graph.input.extend(port(f"i{index}", [1]) for index in range(20_000))
    elif change == "many outputs":
        model.graph.output.extend(port("y", [1]) for index in range(20_000))
    elif change == "many functions":
        opset = [helper.make_opsetid("", 17)]
        model.functions.extend(helper.make_function("f", f"f{i}", [], [], [], opset) for i in range(20_000))
    elif change == "unknown operators":
        for index in range(20_000):
            model.graph.node.append(helper.make_node(f"Op{index}", ["x"], [f"o{index}"], domain=f"d{index}"))
    else:
        model.opset_import.extend(helper.make_opsetid(f"d{index}", 1) for index in range(20_000))
    _saved(model, folder, outside)


def volume() -> Iterator[tuple[str, Write]]:
    """Much of everything."""
    for change in (
        "doc", "metadata", "many metadata", "producer", "names", "many inputs", "many outputs", "many functions",
        "unknown operators", "operator sets",
    ):  # fmt: skip
        yield change, partial(_large_text, change)
    yield "100,000 nodes", lambda folder, outside: _saved(_volume(100_000), folder, outside)


def sparse() -> Iterator[tuple[str, Write]]:
    """A few numbers that say they are a tensor of exabytes."""
    for dims in ((2**31, 2**31), (2**62,), (2**62, 2**62), (-1, 6), (0,), (), (1,) * 70):
        model = seeds.parsed("sparse")
        del model.graph.sparse_initializer[0].dims[:]
        model.graph.sparse_initializer[0].dims.extend(dims)
        yield f"dimensions {dims[:3]}", partial(_saved, model)
    for name, indices in (
        ("negative", _whole(-1, -2, -3)),
        ("beyond", _whole(2**62, 1, 0)),
        ("twice", _whole(1, 1, 1)),
    ):
        model = seeds.parsed("sparse")
        model.graph.sparse_initializer[0].indices.CopyFrom(weight("w_indices", indices))
        yield f"indices {name}", partial(_saved, model)


def no_models() -> Iterator[tuple[str, Write]]:
    """Files that are none, or that are two."""
    data = seeds.seeds()["mlp"]
    for name, content in {
        "empty": b"", "one byte": b"\x08", "zeros": bytes(10_000), "ones": b"\xff" * 10_000,
        "zip": b"PK\x03\x04" + data,
        "twice": data + data, "backwards": data[::-1], "groups": b"\x0b" * 5000, "text": b"import os\n" * 100,
        "a length of 2^63": b"\x08\x08\x3a" + b"\xff" * 9 + b"\x01" + data,
        "no graph": onnx.ModelProto(ir_version=8).SerializeToString(),
        "field 0": b"\x08\x08\x00\x00" + data, "an empty graph": b"\x08\x08\x3a\x00", "pickle": b"\x80\x04\x95" + data,
    }.items():  # fmt: skip
        yield name, partial(_raw, content)
