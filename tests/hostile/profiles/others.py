"""Mistakes in the files of workloads, partners, runtimes and standards."""

from __future__ import annotations

import re

from hostile.profiles.plant import Line, Mutation, Planted, Sound


def _valued(name: str, key: str, value: str, says: str, below: str = "") -> Mutation:
    """Another value of a key; the complaint is told of the key, or of what stands below it."""

    def mutation(sound: Sound) -> Planted | None:
        line = sound.get(key)
        if line is None or line.value == "[":
            return None
        return Planted(sound.valued(line, value), line.number, f"{key}{below}", says)

    mutation.__name__ = name
    return mutation


def _added(name: str, table: str, row: str, key: str, says: str) -> Mutation:
    """One more key in a table; the complaint is told of it, or of the table if `key` is empty."""

    def mutation(sound: Sound) -> Planted | None:
        header, own = sound.get(table), row.partition(" ")[0]
        if header is None or sound.get(f"{table}.{own}"):
            return None
        text = sound.with_line(header, f"{header.value}\n{row}")
        return Planted(text, header.number + bool(key), f"{table}.{key}" if key else table, says)

    mutation.__name__ = name
    return mutation


def _first(sound: Sound, line: Line) -> int:
    """The line of a list's first entry."""
    return line.number + (line.value == "[")


def _entry(name: str, key: str, value: str, says: str) -> Mutation:
    """Another entry in the place of a list's first one."""

    def mutation(sound: Sound) -> Planted | None:
        line = sound.get(key)
        if line is None:
            return None
        rows = sound.text.split("\n")
        at = _first(sound, line) - 1
        rows[at] = re.sub('"[^"]*"', f'"{value}"', rows[at], count=1)
        return Planted("\n".join(rows), at + 1, f"{key}[0]", says)

    mutation.__name__ = name
    return mutation


def _deleted(key: str, told: str) -> Mutation:
    """A key of a table that must be there."""

    def mutation(sound: Sound) -> Planted | None:
        line, header = sound.get(key), sound.get(told)
        if line is None or header is None:
            return None
        return Planted(sound.without(line), header.number, told, f"missing key '{line.key}'")

    mutation.__name__ = f"{key}_deleted"
    return mutation


sector = _entry("sector", "sectors", "Robotic", "'Robotic' is not known; did you mean 'robotics'?")
grade = _valued("grade", "grade", '"E"', "'E' is not known; expected one of 'A', 'B', 'C', 'D', 'R'")
grade_small = _valued("grade_small", "grade", '"a"', "'a' is not known; did you mean 'A'?")


# Workloads


def _needs_a_rate(sound: Sound) -> bool:
    return "deadline" not in sound.own["requires"]


def misses_never_exceeded(sound: Sound) -> Planted | None:
    line, header = sound.get("requires.misses"), sound.get("requires")
    misses = "misses = { at_most = 5, in_any = 5 }"
    says = "5 misses in any 5 frames can never be exceeded"
    if line:
        return Planted(sound.with_line(line, misses), line.number, "requires.misses", says)
    if "rate" not in sound.own["scenario"] and _needs_a_rate(sound):
        return None
    text = sound.with_line(header, f"[requires]\n{misses}")
    return Planted(text, header.number + 1, "requires.misses", says)


def misses_without_deadline(sound: Sound) -> Planted | None:
    header = sound.get("requires")
    if "rate" in sound.own["scenario"] or not _needs_a_rate(sound):
        return None
    text = sound.with_line(header, "[requires]\nmisses = { at_most = 1, in_any = 5 }")
    return Planted(text, header.number + 1, "requires.misses", "needs a deadline, or a rate whose period is one")


def share_without_unit(sound: Sound) -> Planted | None:
    line = sound.get("requires.memory_share")
    says = "'0.5' has no unit; expected a quantity such as '25 %'"
    return line and Planted(sound.valued(line, '"0.5"'), line.number, "requires.memory_share", says)


def kind_of_another(sound: Sound) -> Planted | None:
    """A key of another kind of scenario."""
    header = sound.get("scenario")
    kind = sound.own["scenario"].get("kind", "periodic" if "rate" in sound.own["scenario"] else "single")
    row, key = ("new_tokens = 8", "new_tokens") if kind == "offline" else ("batches = [1, 2]", "batches")
    text = sound.with_line(header, f"[scenario]\n{row}")
    return Planted(text, header.number + 1, f"scenario.{key}", f"kind '{kind}' has no {key}")


def kind_without_its_keys(sound: Sound) -> Planted | None:
    """A kind whose key is not there; told of the kind."""
    if len(sound.own["scenario"]) != 1 or sound.own["scenario"].get("kind") != "single":
        return None
    line = sound.get("scenario.kind")
    text = sound.valued(line, '"periodic"')
    return Planted(text, line.number, "scenario.kind", "kind 'periodic' needs rate")


def after_no_stage(sound: Sound) -> Planted | None:
    line = next((line for line in sound.pairs if line.key == "after"), None)
    says = f"there is no stage '{line.value[1:-1]}x'; did you mean {line.value[1:-1]!r}?" if line else ""
    return line and Planted(sound.valued(line, f'"{line.value[1:-1]}x"'), line.number, line.spelled, says)


def after_itself(sound: Sound) -> Planted | None:
    line = next((line for line in sound.pairs if line.key == "after"), None)
    name = line and sound.get(f"{line.table}.name")
    return name and Planted(sound.valued(line, name.value), line.number, line.spelled, "comes after itself: ")


def stage_twice(sound: Sound) -> Planted | None:
    lines = [line for line in sound.pairs if re.fullmatch(r"scenario\.stage\[\d+\]\.name", line.spelled)]
    if not lines:
        return None
    text, line = sound.valued(lines[-1], lines[0].value), lines[-1]
    return Planted(text, line.number, line.spelled, f"stage {lines[0].value[1:-1]!r} is there already")


def stage_at_two_paces(sound: Sound) -> Planted | None:
    line = next((line for line in sound.pairs if line.key == "after"), None)
    if line is None:
        return None
    text = sound.with_line(line, f'{sound.row(line)}\nrate = "5 Hz"')
    says = "either a rate or the stage that it comes after"
    return Planted(text, line.number + 1, f"{line.table}.rate", says)


# Runtimes


def opset_upside_down(sound: Sound) -> Planted | None:
    line, above = sound.get("opset.max"), sound.get("opset.min")
    if line is None or above is None:
        return None
    return Planted(sound.valued(above, str(int(line.value) + 1)), line.number, "opset.max", "is less than 'min'")


WORKLOADS: tuple[Mutation, ...] = (
    sector, grade, grade_small,
    _valued("no_version", "version", "0", "0 must be at least 1"),
    _valued("text_version", "version", '"1"', "expected a whole number, found '1'"),
    _valued("parts_of_version", "version", "1.5", "expected a whole number, found 1.5"),
    _valued("share_of_one", "requires.percentile", "0.99", "0.99 must be at least 50; it is in percent: 99, not 0.99"),
    _valued("all_of_them", "requires.percentile", "100", "100 must be less than 100"),
    _valued("text_percentile", "requires.percentile", '"99"', "expected a number, found '99'"),
    _valued("percentile_never_certified", "requires.percentile", "99.99999", "99.99999 must be at most 99.9999"),
    _valued("nan_percentile", "requires.percentile", "nan", "nan must be a finite number"),
    _valued("deadline_without_unit", "requires.deadline", '"30"',
            "'30' has no unit; expected a quantity such as '33 ms'"),
    _valued("deadline_as_number", "requires.deadline", "30", "expected text with a unit such as '33 ms', found 30"),
    _valued("deadline_in_hertz", "requires.deadline", '"30 Hz"', "'30 Hz' has the unit 'Hz'; "),
    _valued("deadline_without_end", "requires.deadline", '"1e300 s"', "'1e300 s' must be 1 ns to 24 h"),
    _valued("deadline_below_clocks", "requires.deadline", '"0.1 ns"', "'0.1 ns' must be 1 ns to 24 h"),
    _valued("deadline_of_zero", "requires.deadline", '"0 ms"', "must be more than zero"),
    _valued("deadline_in_capitals", "requires.deadline", '"30 MS"', "has the unit 'MS'; did you mean 'ms'?"),
    _valued("deadline_with_comma", "requires.deadline", '"33,3 ms"', "write a point, not a comma"),
    _valued("rate_in_seconds", "scenario.rate", '"33 ms"', "'33 ms' has the unit 'ms'; "),
    _valued("rate_too_high", "scenario.rate", '"1 GHz"', "must be at most 100000"),
    _valued("rate_too_low", "scenario.rate", '"1e-320 Hz"', "must be from once in 24 h"),
    _valued("no_rate", "scenario.rate", '"0 Hz"', "must be more than zero"),
    _valued("share_above_all", "requires.memory_share", '"150 %"', "must be at most 100 %"),
    share_without_unit,
    _added("kind_unknown", "scenario", 'kind = "periodical"', "kind",
           "'periodical' is not known; did you mean 'periodic'?"),
    _valued("kind_misspelt", "scenario.kind", '"Sustaned"', "'Sustaned' is not known; did you mean 'sustained'?"),
    _valued("queue_unknown", "scenario.queue", '"fifo"', "'fifo' is not one of latest-only, drop-late, queue:N"),
    _valued("no_batch", "scenario.batches", "[0]", "0 must be at least 1", "[0]"),
    _valued("batch_twice", "scenario.batches", "[1, 1]", "1 is there more than once"),
    _valued("no_context", "scenario.contexts", "[]", "must not be empty"),
    _valued("no_tokens", "scenario.new_tokens", "0", "0 must be at least 1"),
    _added("cold_start", "requires", 'cold_start = "2"', "cold_start", "'2' has no unit"),
    _added("energy", "requires", 'energy = "5 W"', "energy", "'5 W' has the unit 'W'; "),
    _added("token_rate", "requires", 'throughput = "30 tokens/s"', "throughput", "has the unit 'tokens/s'; "),
    _added("memory", "requires", 'memory = "8 Gbit"', "memory", "bits are not taken: write bytes"),
    _added("percentile_of_latency", "requires", 'latency = "8 ms"', "latency",
           "unknown key; expected one of 'deadline'"),
    misses_never_exceeded, misses_without_deadline, kind_of_another, kind_without_its_keys, after_no_stage,
    after_itself, stage_twice, stage_at_two_paces,
)  # fmt: skip

PARTNERS: tuple[Mutation, ...] = (
    _entry("device_unknown", "devices", "nvidia-jetson-agx-orin-64g", "did you mean 'nvidia-jetson-agx-orin-64gb'?"),
    _entry("device_by_name", "devices", "NVIDIA Jetson", "there is no device 'NVIDIA Jetson'; did you mean '"),
    _entry("workload_unknown", "workloads", "camera-30",
           "there is no workload 'camera-30'; did you mean 'camera-30hz'?"),
    _entry("standard_unknown", "standards", "iso26262", "there is no standard 'iso26262'; did you mean 'iso-26262'?"),
    _valued("no_devices", "devices", "[]", "must not be empty"),
    _valued("one_workload", "workloads", '"camera-30hz"', "expected a list, found 'camera-30hz'"),
    _entry("licence_unknown", "policy.licences", "Apache 2.0",
           "which is not on the SPDX list; did you mean 'Apache-2.0'?"),
    _entry("licence_or", "policy.licences", "MIT OR Apache-2.0",
           "is more than one licence: each is an entry of its own"),
    _entry("licence_open", "policy.licences", "(MIT", "is no SPDX expression"),
    _entry("licence_empty", "policy.licences", "", "is empty"),
    _valued("no_licence", "policy.licences", "[]", "must not be empty"),
    _deleted("policy.licences", "policy"),
    _valued("evidence_unknown", "policy.evidence", '"measure"', "'measure' is not known; did you mean 'measured'?"),
    _valued("evidence_as_list", "policy.evidence", '["measured"]',
            "expected one of 'projected', 'measured', found a list"),
    _entry("statement_unknown", "policy.statements", "data residency", "did you mean 'data-residency'?"),
    _valued("why_as_number", "policy.why", "5", "expected text, found 5"),
)  # fmt: skip

RUNTIMES: tuple[Mutation, ...] = (
    opset_upside_down,
    _valued("opset_as_text", "opset.max", '"20"', "expected a whole number, found '20'"),
    _valued("no_opset", "opset.min", "0", "0 must be at least 1"),
    _deleted("opset.max", "opset"),
    _entry("precision_unknown", "precisions", "float16", "'float16' is not known; did you mean 'fp16'?"),
    _entry("precision_in_capitals", "precisions", "FP16", "'FP16' is not known; did you mean 'fp16'?"),
    _valued("precisions_as_text", "precisions", '"fp16"', "expected a list, found 'fp16'"),
    _valued("fallback_unknown", "fallback", '"onnxruntime_cpu"', "did you mean 'onnxruntime-cpu'?"),
    _valued("fallback_as_list", "fallback", '["onnxruntime-cpu"]', "expected text, found a list"),
    _valued("truth_as_text", "quantises_floats", '"yes"', "found 'yes'"),
    _entry("format_unknown", "quantisation.formats", "qdq", "'qdq' is not known; did you mean 'QDQ'?"),
    _entry("granularity_unknown", "quantisation.granularity", "per_channel", "did you mean 'per-channel'?"),
    _valued("formats_as_text", "quantisation.formats", '"QDQ"', "expected a list, found 'QDQ'"),
    _valued("operator_true", "operators.Conv", "true", "expected a table, found true"),
    _valued("operator_text", "operators.Add", '"all"', "expected a table, found 'all'"),
    _valued("condition_as_text", "operators.Conv", '{ conditions = "2-D" }',
            "expected a list, found '2-D'", ".conditions"),
    _valued("condition_misspelt", "operators.Mul", '{ condition = ["x"] }', "did you mean 'conditions'?", ".condition"),
)  # fmt: skip

STANDARDS: tuple[Mutation, ...] = (
    grade, grade_small,
    _valued("shows_nothing", "shows", '""', "must not be empty"),
    _valued("shows_what_nobody_sees", "shows", '"\\u200b\\u2800"', "has neither letter nor digit: it says nothing"),
    _valued("cannot_show_list", "cannot_show", '["x"]', "expected text, found a list"),
    _valued("grade_as_number", "grade", "1", "expected one of 'A', 'B', 'C', 'D', 'R', found 1"),
)  # fmt: skip
