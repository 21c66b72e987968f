"""Every kind of bad input, from the command line: exit code 2, one line that says what and where, nothing written."""

import os
import shlex

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from assess.cli.main import app

DEVICE = "nvidia-jetson-orin-nano-8gb"


def save(path, *, batch=1, weights=None):
    """x[batch, 4] times a 4 x 2 matrix."""
    if weights is None:
        weights = numpy_helper.from_array(np.ones((4, 2), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def external(location):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 2], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path / "in"


def refused(*arguments):
    """Run it; the error's line and its hint."""
    from pathlib import Path

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert list(Path.cwd().iterdir()) == []
    assert result.stdout == ""
    # What it was about to measure may have been told before the inputs were found to be bad.
    first, *rest = [line for line in result.stderr.splitlines() if not line.startswith("measuring (")]
    assert first.startswith("error: ")
    assert "Traceback" not in result.stderr
    return first, "\n".join(rest)


def fit(model, *more, device=DEVICE, workload="camera-30hz"):
    return refused("fit", model, "--device", device, "--workload", workload, *more)


def test_a_missing_file(folder):
    line, rest = fit(folder / "none.onnx")
    assert "none.onnx" in line
    assert len(rest.splitlines()) <= 1


def test_a_missing_file_whose_name_is_near_another_beside_it(folder):
    save(folder / "cnn.onnx")
    for near in ("cnn.onx", "cnnn.onnx"):
        line, hint = fit(folder / near)
        assert line == f"error: {folder / near}: there is no such file"
        assert hint == f"hint: did you mean '{folder / 'cnn.onnx'}'?"
    assert "did you mean" not in fit(folder / "b.onnx")[1]


@pytest.mark.parametrize("content", [b"", b"hello, world\n", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(1000)])
def test_what_is_not_onnx(folder, content):
    (folder / "m.onnx").write_bytes(content)
    line, rest = fit(folder / "m.onnx")
    assert "m.onnx" in line
    assert len(rest.splitlines()) <= 1


def test_a_truncated_file(folder):
    path = save(folder / "m.onnx")
    path.write_bytes(path.read_bytes()[:-20])
    assert "truncated" in fit(path)[0]


def test_missing_external_data(folder):
    line, _ = fit(save(folder / "m.onnx", weights=external("weights.bin")))
    assert "'w'" in line
    assert "weights.bin" in line


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../secret.bin"])
def test_external_data_outside_of_the_models_folder(folder, location):
    (folder.parent / "secret.bin").write_bytes(bytes(32))
    line, _ = fit(save(folder / "m.onnx", weights=external(location)))
    assert location in line


def test_external_data_through_a_link(folder):
    (folder.parent / "secret.bin").write_bytes(bytes(32))
    (folder / "w.bin").symlink_to(folder.parent / "secret.bin")
    assert "w.bin" in fit(save(folder / "m.onnx", weights=external("w.bin")))[0]


def test_an_unbound_dimension(folder):
    line, hint = fit(save(folder / "m.onnx", batch="batch"))
    assert "dimension 'batch' (axis 0 of x) is dynamic and has no number" in line
    assert hint == "hint: --dim batch=1"


def test_a_dimension_that_is_not_there(folder):
    line, hint = fit(save(folder / "m.onnx", batch="batch"), "--dim", "bach=1")
    assert "'bach'" in line
    assert "did you mean 'batch'?" in hint


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("z={array}", "'z'"),
        ("x={wrong_shape}", "x"),
        ("x={wrong_dtype}", "x"),
        ("x={text}", "x"),
        ("x=none.npy", "none.npy"),
        ("x", "'x' is not NAME=VALUE"),
    ],
)
def test_inputs_that_do_not_fit(folder, option, said):
    files = {name: folder / f"{name}.npy" for name in ("array", "wrong_shape", "wrong_dtype", "text")}
    np.save(files["array"], np.ones((1, 4), np.float32))
    np.save(files["wrong_shape"], np.ones((1, 5), np.float32))
    np.save(files["wrong_dtype"], np.ones((1, 4), np.int64))
    files["text"].write_text("not an array")
    assert said in fit(save(folder / "m.onnx"), "--input", option.format(**files))[0]


def test_an_unknown_device(folder):
    line, hint = fit(save(folder / "m.onnx"), device="jetson-orin-nano")
    assert line == "error: there is no device 'jetson-orin-nano'"
    assert "nvidia-jetson-orin-nano-8gb" in hint


def test_an_unknown_workload(folder):
    assert fit(save(folder / "m.onnx"), workload="camera")[0] == "error: there is no workload 'camera'"


def test_a_malformed_profile(folder):
    (folder / "rover.toml").write_text('name = "Rover"\nvendor = 3\nsecters = []\n')
    line, rest = fit(save(folder / "m.onnx"), device=folder / "rover.toml")
    problems = [text for text in (line, *rest.splitlines()) if "rover.toml:" in text]
    assert len(problems) == 6
    assert "rover.toml:2: vendor: expected text, found 3" in rest


@pytest.mark.parametrize("target", ["/proc/report.html", "no/such/report.html", "report.pdf", "."])
def test_outputs_that_cannot_be_written(folder, target):
    fit(save(folder / "m.onnx"), "--output", target)


def test_a_run_that_cannot_be_written(folder):
    refused("measure", save(folder / "m.onnx"), "--workload", "camera-30hz", "-o", "/proc/run.json")


@pytest.mark.parametrize(
    "option",
    [
        ("--min-duration", "2"),
        ("--min-duration", "-1 s"),
        ("--timeout", "soon"),
        ("--memory-limit", "2 GHz"),
        ("--cpus", "all"),
        ("--cpus", "0"),
        ("--cpus", " "),
        ("--cpus", "9999"),
        ("--cpus", "0.0001"),
        ("--optimisation", "fast"),
        ("--format", "pdf"),
        ("--provider", "NoSuchProvider"),
        ("--card", "none.toml"),
        ("--profiles", "none"),
        ("--dim", "batch=x"),
    ],
    ids=" ".join,
)
def test_options_that_are_none(folder, option):
    fit(save(folder / "m.onnx"), *option)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "not json", '{"schema": "assess.run/2"}', '{"schema": "assess.run/1"}']
)
def test_a_run_that_is_none(folder, text):
    (folder / "run.json").write_text(text)
    assert "run.json" in refused("judge", folder / "run.json", "--device", DEVICE)[0]


def test_a_missing_run(folder):
    refused("judge", folder / "run.json", "--device", DEVICE)


def test_a_list_of_nothing():
    assert refused("list", "device") == ("error: there is no list 'device'", "hint: did you mean 'devices'?")


def test_the_onnx_checker_agrees_that_the_good_model_is_good(folder):
    onnx.checker.check_model(str(save(folder / "m.onnx")))


def test_an_output_that_would_overwrite_what_is_read(folder):
    model = save(folder / "m.onnx")
    before = model.read_bytes()
    line, _ = refused("measure", model, "--workload", "camera-30hz", "-o", model)
    assert line.endswith("m.onnx: is read or written by this command already")
    assert model.read_bytes() == before
    fit(model, "-o", folder / "a.json", "--save-run", folder / "a.json")


def test_one_device_at_a_time(folder):
    line, hint = refused("judge", folder / "run.json", "--device", DEVICE, "--device", "sony-ps5")
    assert line == "error: --device: is given 2 times, one at a time is judged"
    assert hint == "hint: measure once, then `assess judge run.json` for each"


def test_a_device_named_twice(folder):
    line, _ = fit(save(folder / "m.onnx"), "--device", DEVICE)
    assert line == f"error: --device: '{DEVICE}' is named twice"


@pytest.mark.parametrize(
    ("option", "known", "hint"),
    [("--device", "-w camera-30hz", "devices"), ("--workload", f"-d {DEVICE}", "workloads")],
)
def test_neither_a_device_nor_a_partner(folder, option, known, hint):
    line, said = refused("fit", save(folder / "m.onnx"), *known.split())
    assert line == f"error: {option}: is missing"
    assert said == f"hint: name one, or with --partner the {hint} of a partner"


def test_a_run_for_each_of_several_jobs_that_cannot_all_be_written(folder):
    (folder / "run-camera-30hz.json").mkdir()
    line, _ = fit(save(folder / "m.onnx"), "-w", "bev-perception-12hz", "--save-run", folder / "run.json")
    assert line.endswith("run-camera-30hz.json: is a folder, not a file")
    line, _ = fit(
        save(folder / "m.onnx"), "-w", "bev-perception-12hz", "--save-run", folder / "r.json",
        "-o", folder / "r-bev-perception-12hz.json",
    )  # fmt: skip
    assert line.endswith("r-bev-perception-12hz.json: is read or written by this command already")


def test_what_no_job_could_use_is_refused_before_anything_is_measured(folder):
    np.save(folder / "bad.npy", np.zeros((1, 5), np.float32))
    arguments = (save(folder / "m.onnx"), "-d", DEVICE, "-w", "camera-30hz", "-w", "bev-perception-12hz")
    line, _ = refused("fit", *arguments, "--input", f"x={folder}/bad.npy")
    assert "bad.npy: has shape 1x5" in line


def test_text_of_a_model_is_data_in_errors_too(folder):
    hostile = "batch\x1b]0;owned\x07\nerror: all is well'; touch X; echo '"
    line, hint = fit(save(folder / "m.onnx", batch=hostile))
    assert "\x1b" not in line + hint
    assert "batch\\x1b]0;owned\\x07\\n" in line
    # What is there to be pasted into a shell is one option and its one value.
    assert [word for word in shlex.split(hint.removeprefix("hint: ")) if word == "--dim"] == ["--dim"]
    assert len(shlex.split(hint.removeprefix("hint: "))) == 2


def test_a_card_that_is_a_link_is_not_read(folder):
    (folder.parent / "secret").write_text("AWS_SECRET_KEY: hunter2")
    (folder / "card.toml").symlink_to(folder.parent / "secret")
    line, hint = fit(save(folder / "m.onnx", batch="batch"))
    assert "hunter2" not in line + hint


@pytest.mark.parametrize(
    "option",
    [
        ("--timeout", "1e10 s"),
        ("--memory-limit", "1e30 B"),
        ("--dim", f"x={'9' * 5000}"),
    ],
    ids=["timeout", "memory", "dim"],
)
def test_numbers_beyond_the_system(folder, option):
    fit(save(folder / "m.onnx"), *option)


def test_a_name_beyond_the_system(folder):
    line, _ = fit(save(folder / "m.onnx"), device="d" * 300 + "/rover.toml")
    assert line.endswith("File name too long")
    line, _ = fit(save(folder / "m.onnx"), device="d" * 300 + ".toml")
    assert line.endswith("is no id: it has 300 characters, 200 at most are allowed")


@pytest.mark.parametrize("content", ["PK\x03\x04", "\x93NUMPY\x01\x00" + "-" * 9000], ids=["zip", "header"])
def test_an_array_file_that_is_none(folder, content):
    (folder / "x.npy").write_bytes(content.encode("latin-1"))
    fit(save(folder / "m.onnx"), "--input", f"x={folder / 'x.npy'}")


def test_an_array_that_is_a_pipe(folder):
    os.mkfifo(folder / "x.npy")
    assert "is no plain file" in fit(save(folder / "m.onnx"), "--input", f"x={folder / 'x.npy'}")[0]


def test_external_data_where_nothing_leads(folder):
    """In a branch that is never taken: runtimes open it all the same."""

    def branch(name, weights):
        node = helper.make_node("Identity", ["w"], [name])
        return helper.make_graph([node], name, [], [helper.make_tensor_value_info(name, 1, [4, 2])], [weights])

    inner = numpy_helper.from_array(np.ones((4, 2), np.float32), "w")
    choice = helper.make_node(
        "If", ["yes"], ["y"], then_branch=branch("a", inner), else_branch=branch("b", external("gone.bin"))
    )
    yes = numpy_helper.from_array(np.array(True), "yes")
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 2])
    model = helper.make_model(
        helper.make_graph([choice], "g", [], [out], [yes]), opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    assert "gone.bin" in fit(folder / "m.onnx")[0]
