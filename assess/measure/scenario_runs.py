"""The run that a job's scenario asks for: one timed pass, a pass for each batch, text token by token, or a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

from assess.describe.graph import describe
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.measure.batches import BatchAxes, DescribeAt, batch_axes, inputs_of_batch
from assess.measure.decoder import MADE
from assess.measure.extra_passes import Bench
from assess.measure.frames import Frames, read_frames
from assess.measure.host import available_bytes
from assess.measure.interruption import stopped_by
from assess.measure.plain import decode
from assess.measure.scenarios.generate import CONTEXT_TOKENS, Context, Generation, cache_of
from assess.measure.scenarios.offline import BatchRun, Offline
from assess.measure.scenarios.pipeline import StageRun, chain_of
from assess.measure.stages import StageModel, own_stage, stage_requests, worker_inputs
from assess.measure.timed_run import require_times, timed_run
from assess.sandbox import Signalled, signal_of

if TYPE_CHECKING:
    from assess.describe.model import Model
    from assess.describe.workload import Job

#: Fields of a measurement, and the worker's clock at the first release.
Run = tuple[dict[str, Any], int]

#: Token ids where the graph does not tell how many there are: every vocabulary in use has this many.
_TOKENS: Final = 100


def scenario_run(bench: Bench, job: Job, stages: Mapping[str, StageModel]) -> Run:
    """Drive the model as the job's scenario asks; `stages` are the other models of a pipeline.

    Raises:
        AssessError: the model is not one that this scenario can drive; nothing was run then.
        KeyboardInterrupt: the run was stopped before anything was measured.
    """
    kind = job.workload.scenario.kind
    if kind == "offline":
        return offline_run(bench, job)
    if kind == "generate":
        return generate_run(bench, job)
    if kind == "pipeline":
        return pipeline_run(bench, job, stages)
    if kind == "stateful":
        require_states(bench.model, job.workload.scenario.states)
    return timed_run(bench.request, bench.settings, bench.on_progress, bench.launch)


def require_states(model: Model, states: Mapping[str, str]) -> None:
    """Refuse states that the model does not have, or whose two ends differ as far as the graph tells.

    Raises:
        AssessError: the output or input is named, and the nearest one that there is.
    """
    outputs = {port.name: port for port in model.outputs}
    inputs = {port.name: port for port in model.inputs}
    for output, input_ in states.items():
        for name, what, known in ((output, "output", outputs), (input_, "input", inputs)):
            if name not in known:
                raise AssessError(
                    f"the model has no {what} {name!r}", where="states", hint=did_you_mean(name, list(known))
                )
        written, read = outputs[output], inputs[input_]
        differs = len(written.shape) != len(read.shape) or any(
            size not in (-1, other) for size, other in zip(written.shape, read.shape, strict=True)
        )
        if differs or written.dtype != read.dtype:
            raise AssessError(
                f"output {output!r} is {_words(written.dtype, written.shape)}, "
                f"input {input_!r} is {_words(read.dtype, read.shape)}",
                where="states",
                hint="a state has one type and shape; a cache that grows needs a workload of kind 'generate'",
            )


def _words(dtype: str, shape: Sequence[int]) -> str:
    return f"{dtype} {'x'.join('?' if size < 0 else str(size) for size in shape) or 'scalar'}"


def offline_run(bench: Bench, job: Job, describe_at: DescribeAt | None = None) -> Run:
    """Each batch in a process of its own; the fields of a measurement are those of the best one, and "offline"."""
    scenario = job.workload.scenario
    found = batch_axes(bench.model, scenario.batch_dim, scenario.batches, describe_at or _describe_at(bench))
    runs: list[BatchRun] = []
    results: dict[int, Run] = {}
    errors: list[AssessError] = []
    ended = ""
    for batch in scenario.batches:
        why = "the run was stopped before" if ended else _impossible(found, batch)
        if why:
            runs.append(BatchRun(batch, Frames(), absent=why))
            continue
        try:
            results[batch] = result, _ = _one_batch(bench, found, batch)
        except (KeyboardInterrupt, Signalled) as stopped:
            if not any(len(run.frames) for run in runs):
                raise
            ended = stopped_by(signal_of(stopped), "before all batches were tried")
            runs.append(BatchRun(batch, Frames(), absent="the run was stopped before"))
            continue
        except AssessError as error:  # What smaller batches have measured is not thrown away.
            errors.append(error)
            runs.append(BatchRun(batch, Frames(), absent=str(error)))
            continue
        ended = result["incomplete"]
        runs.append(_batch_run(batch, result))
    if not results:
        raise errors[0]
    offline = Offline(found.dims, tuple(runs))
    fields, begun_ns = results[offline.best.batch if offline.best else next(iter(results))]
    missing = {f"batch of {run.batch}": run.absent for run in runs if run.absent}
    absent = {**fields["absent"], **missing}
    return {**fields, "incomplete": ended, "absent": absent, "offline": offline}, begun_ns


def _describe_at(bench: Bench) -> DescribeAt:
    return lambda dims: describe(bench.model_path, dims=dims, card=bench.card)


def _impossible(found: BatchAxes, batch: int) -> str:
    if found.fixed in (None, batch):
        return ""
    return f"the model's batch is fixed at {found.fixed}: export it with a dynamic one"


def _one_batch(bench: Bench, found: BatchAxes, batch: int) -> Run:
    folder = bench.folder / f"batch-{batch}"
    ready = inputs_of_batch(
        bench.model,
        found,
        batch,
        list(bench.ready),
        folder,
        seed=bench.settings.seed,
        available_bytes=available_bytes(),
    )
    request = {
        **bench.request,
        "inputs": worker_inputs(ready),
        "scenario": {"kind": "single"},
        "frames": str(folder / "frames"),
        "back_to_back": str(folder / "back_to_back"),
    }

    def progress(what: str, done: float | None, left_s: float | None) -> None:
        bench.on_progress(f"batch of {batch}: {what}", done, left_s)

    return timed_run(request, bench.settings, progress, bench.launch)


def _batch_run(batch: int, result: Mapping[str, Any]) -> BatchRun:
    memory, failure = result["memory"], result["failure"]
    why = result["incomplete"] if failure is None else failure.cause
    return BatchRun(batch, result["frames"], None if memory is None else memory.model_peak, why)


def generate_run(bench: Bench, job: Job) -> Run:
    """Text token by token: each token is a frame; then one process for each length of the context; "generation"."""
    scenario = job.workload.scenario
    cache = cache_of([port.name for port in bench.model.inputs], [port.name for port in bench.model.outputs])
    limit = next((port.limit for port in bench.model.inputs if port.name == "input_ids"), None)
    changes = {
        "inputs": [each for each in bench.request["inputs"] if each["name"] not in (*cache, *MADE)],
        "cache": cache,
        "vocabulary": limit or _TOKENS,
        "prompt_tokens": scenario.prompt_tokens,
        "new_tokens": scenario.new_tokens,
    }

    def more(known: Mapping[str, Any], frames: Frames) -> dict[str, Any]:
        service, each = frames.service_ns, scenario.new_tokens or 1
        firsts, grows = service[::each], known.get("cache_bytes_per_token")
        further = tuple(taken for index, taken in enumerate(service) if index % each)
        bytes_each = None if grows is None else decode(int, grows, "cache_bytes_per_token")
        found = Generation(
            len(firsts), scenario.prompt_tokens or 1, each, firsts, further, cache_bytes_per_token=bytes_each
        )
        return {"generation": found if len(frames) else None}

    request = {**bench.request, **changes, "pass": "generate"}
    fields, begun_ns = timed_run(request, bench.settings, bench.on_progress, bench.launch, more=more)
    if fields["generation"] is None:
        absent = {**fields["absent"], "generation": "no token was generated"}
        return {**fields, "absent": absent}, begun_ns
    if fields["failure"] is None and not fields["incomplete"]:
        contexts = tuple(_context(bench, changes, length) for length in sorted(scenario.contexts))
        fields["generation"] = replace(fields["generation"], contexts=contexts)
    return fields, begun_ns


def _context(bench: Bench, changes: Mapping[str, Any], length: int) -> Context:
    """Tokens at one length of the context; a model that cannot go so far is no failure of the run."""
    if bench.stopped:
        return Context(length, absent=f"stopped by {bench.stopped}")
    bench.on_progress(f"generating {CONTEXT_TOKENS} tokens after {length}", None, None)
    try:
        ending, _ = bench.ask("context", {**changes, "prompt_tokens": length})
    except AssessError as error:
        return Context(length, absent=str(error))
    except (KeyboardInterrupt, Signalled) as stopped:
        bench.stopped = signal_of(stopped)
        return Context(length, absent=f"stopped by {bench.stopped}")
    if ending.cause != "answered":
        return Context(length, absent=f"{ending.cause}: {ending.detail}")
    try:
        if "refused" in ending.answer:
            return Context(length, absent=f"{ending.answer['kind']}: {ending.answer['refused']}")
        return replace(decode(Context, ending.answer, "context"), length=length)
    except (KeyError, TypeError, ValueError) as error:  # A model may have overrun the worker.
        return Context(length, absent=f"the pass answered what is not a result: {error}")


def pipeline_run(bench: Bench, job: Job, stages: Mapping[str, StageModel]) -> Run:
    """All stages at once; the frames are those of the command's own model, "stages" has each of them."""
    asked = stage_requests(
        job, bench.request, stages, bench.folder, seed=bench.settings.seed, available_bytes=available_bytes()
    )
    models = {stage["name"]: stages[stage["name"]].model if stage["name"] in stages else bench.model for stage in asked}
    request = {**bench.request, "pass": "pipeline", "stages": asked, "own": own_stage(job)}

    def more(known: Mapping[str, Any], _: Frames) -> dict[str, Any]:
        return {"stages": _stage_runs(asked, models) if known else ()}

    return timed_run(request, bench.settings, bench.on_progress, bench.launch, more=more)


def _stage_runs(asked: Sequence[Mapping[str, Any]], models: Mapping[str, Model]) -> tuple[StageRun, ...]:
    """What the worker wrote for each stage; all of them are counted from the first release of any."""
    read = {stage["name"]: read_frames(Path(stage["frames"])) for stage in asked}
    begun_ns = min((origin for origin, frames in read.values() if len(frames) or frames.dropped_ns), default=0)
    after = {stage["name"]: stage["after"] for stage in asked}
    runs = []
    for stage in asked:
        name = stage["name"]
        origin, frames = read[name]
        require_times(frames)
        _, chained = read_frames(Path(stage["end_to_end"]))
        require_times(chained)
        _, alone = read_frames(Path(stage["alone"]))
        require_times(alone)
        runs.append(
            StageRun(
                name,
                models[name].name,
                models[name].sha256,
                stage["rate_hz"],
                stage["after"],
                stage["probability"],
                chain_of(name, after),
                _later(frames, max(origin - begun_ns, 0)),
                chained.response_ns if stage["after"] else frames.response_ns,
                median_low(alone.service_ns) if len(alone) else None,
            )
        )
    return tuple(runs)


def _later(frames: Frames, by_ns: int) -> Frames:
    columns = (frames.scheduled_ns, frames.start_ns, frames.done_ns, frames.dropped_ns)
    return Frames(*(tuple(instant + by_ns for instant in column) for column in columns))
