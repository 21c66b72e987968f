"""Every distilled model that ships is what its card says: files, licence, operators, numbers, and small."""

import hashlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from assess.describe.library import Library
from assess.describe.licences import parse
from assess.measure.tasks import TASKS, find_task
from assess.report.charts.quality import family_picture
from assess.report.model_tables import model_tables

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
LIBRARY = Library()
CARDS = [LIBRARY.card(id_) for id_ in LIBRARY.ids("models")]
FAMILIES = [card for card in CARDS if card.variant]
FILES = [(card, one) for card in FAMILIES for one in card.variant]
PAGE = ROOT / "docs" / "models.md"

by_id = pytest.mark.parametrize("card", FAMILIES, ids=lambda card: card.id)
by_file = pytest.mark.parametrize(("card", "one"), FILES, ids=[f"{card.id}/{one.id}" for card, one in FILES])


def recorded(file, text):
    """The file holds the text; `GOLDEN=write` writes it anew."""
    if os.environ.get("GOLDEN") == "write":
        file.write_text(text)
    assert file.read_text() == text


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@by_file
def test_a_file_is_the_one_that_its_card_names(card, one):
    file = LIBRARY.model_file(f"{card.id}/{one.id}")
    assert (file.name, sha256(file), file.stat().st_size) == (one.file, one.sha256, one.bytes)
    assert one.file == f"{card.id}-{one.id}.onnx", "it tells what it is where it is copied to"
    assert one.id.endswith(f"-{one.precision}") or one.precision == "fp32"


@by_id
def test_what_a_card_names_lies_beside_it(card):
    folder = MODELS / card.id
    assert sha256(folder / card.references.file) == card.references.sha256
    assert sha256(folder / card.recipe.file) == card.recipe.sha256, "the recipe was changed since it was run"
    if card.teacher.file:
        assert sha256(folder / card.teacher.file) == card.teacher.sha256
    task = find_task(card.evaluation.task)
    recorded(folder / "quality.svg", family_picture(card, task.metric, task.unit))
    assert parse(card.licence).text == card.licence
    named = {one.file for one in card.variant} | {card.teacher.file, card.references.file, card.recipe.file}
    others = {file.name for file in folder.glob("*.py")} | {"card.toml", "quality.svg", "LICENSE"}
    assert {file.name for file in folder.iterdir()} - {"__pycache__"} == named - {""} | others


@by_id
def test_a_card_says_what_an_engineer_and_a_lawyer_ask(card):
    assert card.task and card.sectors and card.intended and card.excluded and card.origin and card.data_residency
    assert card.lineage and card.data and all(parse(each.licence) for each in card.data)
    assert all(each.meaning and each.unit for each in card.input)
    assert all(each.low is not None and each.high is not None for each in card.input if each.meaning != "state")
    assert all(each.meaning and each.unit for each in card.output)
    assert card.evaluation.task in TASKS and card.evaluation.seed >= 20_000
    assert {one.id for one in card.variant} >= {"full", "full-int8", "half", "half-int8", "quarter", "quarter-int8"}
    for one in card.variant:
        assert one.score and one.agreement and one.tolerance is not None
        assert one.precision != "fp32" or len(one.taught) == len(one.untaught) == len(card.recipe.seeds) == 3
        assert one.precision != "int8" or one.weight_bits == 7


@by_file
def test_a_file_is_one_that_small_compilers_read(card, one):
    model = onnx.load(LIBRARY.model_file(f"{card.id}/{one.id}"))
    onnx.checker.check_model(model)
    assert {each.domain: each.version for each in model.opset_import}[""] == 17
    dims = [dim for port in model.graph.input for dim in port.type.tensor_type.shape.dim]
    assert {dim.dim_param for dim in dims if not dim.dim_value} == set(card.dims), "fixed, or bound by the card"
    if one.precision == "int8":
        weights = [onnx.numpy_helper.to_array(each) for each in model.graph.initializer]
        assert max(int(np.abs(each.astype(int)).max()) for each in weights if each.dtype == np.int8 and each.ndim) <= 64


@pytest.mark.slow
@by_file
def test_a_file_puts_out_what_its_references_say(card, one):
    references = np.load(MODELS / card.id / card.references.file)
    found = run(card, one, references)
    size = one.id.removesuffix(f"-{one.precision}")
    for name, array in found.items():
        assert np.abs(array - references[f"{one.id}/{name}"]).max() <= one.tolerance, "as it was"
        assert np.abs(array - references[f"{size}/{name}"]).max() <= one.tolerance, "as in fp32"


def run(card, one, references):
    """Outputs by name, [frames, ...]; states go from each frame to the next, and one that grows is left out."""
    fed = [each.name for each in card.input if each.name not in {state.input for state in card.state}]
    model = loaded(card, one)
    found = [model({name: references[name][index] for name in fed}) for index in range(len(references[fed[0]]))]
    return {name: np.stack([each[name] for each in found]) for name in found[0] if name not in growing(card, one)}


def loaded(card, one):
    """A file with its states, empty where they grow."""
    from assess.measure.onnx_runtime import OnnxRuntime
    from assess.measure.passes.fidelity import Loaded

    asked = {
        "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all", "inputs": [],
        "model": str(LIBRARY.model_file(f"{card.id}/{one.id}")),
    }  # fmt: skip
    shapes = input_shapes(card, one)
    states = [
        {"output": each.output, "input": each.input, "shape": shapes[each.input], "dtype": "float32"}
        for each in card.state
    ]
    engine = OnnxRuntime()
    return Loaded(engine.load(asked), states, engine)


def input_shapes(card, one):
    """Shape of each input by name; an open dimension is 0."""
    inputs = onnx.load(LIBRARY.model_file(f"{card.id}/{one.id}")).graph.input
    return {port.name: [dim.dim_value for dim in port.type.tensor_type.shape.dim] for port in inputs}


def growing(card, one):
    """Outputs that are states without a size of their own: caches."""
    shapes = input_shapes(card, one)
    return {state.output for state in card.state if 0 in shapes[state.input]}


CACHED = [(card, one) for card, one in FILES if card.state and growing(card, one)]


@pytest.mark.slow
@pytest.mark.parametrize(("card", "one"), CACHED, ids=[f"{card.id}/{one.id}" for card, one in CACHED])
def test_token_by_token_with_the_cache_gives_what_the_whole_line_gives(card, one):
    references = np.load(MODELS / card.id / card.references.file)
    for line in references["input_ids"]:
        whole = loaded(card, one)({"input_ids": line})["logits"]
        model = loaded(card, one)
        steps = [model({"input_ids": line[:, at : at + 1]})["logits"] for at in range(line.shape[1])]
        apart = np.abs(np.concatenate(steps, axis=1) - whole).max()
        assert apart <= (1e-4 if one.precision == "fp32" else one.tolerance)


def test_models_weigh_little():
    assert sum(file.stat().st_size for file in MODELS.rglob("*") if file.is_file()) < 25 * 10**6


def test_the_page_of_models_shows_what_the_cards_say():
    page = PAGE.read_text()
    before, _, rest = page.partition("<!-- models -->\n")
    inside, _, after = rest.partition("<!-- end -->")
    text = model_tables(FAMILIES)
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(f"{before}<!-- models -->\n{text}<!-- end -->{after}")
        return
    assert inside == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "one"),
    [(card, one) for card, one in FILES if card.state and (card, one) not in CACHED],
    ids=lambda each: getattr(each, "id", ""),
)
def test_a_state_carried_from_call_to_call_gives_what_the_unrolled_network_gives(card, one):
    from assess.measure.onnx_runtime import OnnxRuntime

    references = np.load(MODELS / card.id / card.references.file)
    step = onnx.load(LIBRARY.model_file(f"{card.id}/{one.id}"))
    whole = unrolled(step, card.state, 3)
    session = OnnxRuntime().load(
        {"provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all", "inputs": [],
         "model": whole.SerializeToString()}
    )  # fmt: skip
    by_step = run(card, one, references)
    states = {state.input for state in card.state}
    fed = {
        port.name: references[port.name.partition("_")[2]][int(port.name[1])]
        for port in whole.graph.input
        if port.name.partition("_")[2] not in states
    }
    zeros = {
        port.name: np.zeros([dim.dim_value for dim in port.type.tensor_type.shape.dim], np.float32)
        for port in whole.graph.input
        if port.name.partition("_")[2] in states
    }
    session.feed({**fed, **zeros})
    session.first()
    found = session.outputs()
    acts = [each.name for each in card.output if each.name not in {state.output for state in card.state}]
    for name in acts:
        for index in range(3):
            assert np.allclose(found[f"s{index}_{name}"], by_step[name][index], atol=1e-6)


def unrolled(step, states, count):
    """The network so many times in a row, each state an inner value."""
    whole = onnx.compose.add_prefix(step, "s0_")
    for index in range(1, count):
        following = onnx.compose.add_prefix(step, f"s{index}_")
        carried = [(f"s{index - 1}_{state.output}", f"s{index}_{state.input}") for state in states]
        kept = [port.name for port in (*whole.graph.output, *following.graph.output)]
        consumed = {name for name, _ in carried}
        whole = onnx.compose.merge_models(
            whole, following, io_map=carried, outputs=[name for name in kept if name not in consumed]
        )
    return whole
