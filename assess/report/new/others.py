"""New files of the other kinds: the least that is valid, and every other key in a comment."""

from __future__ import annotations

from collections.abc import Sequence

from assess.report.toml_text import text, texts


def new_workload(name: str, sectors: Sequence[str]) -> str:
    """A job of one frame every period."""
    return f"""#:schema ../schemas/workload.json
# Fill in: take the # away and write what the job demands; what is left out is not asked.
name = {text(name)}
version = 1                         # bumped when results stop being comparable
sectors = {texts(sectors)}
why = "fill in: why these numbers"
source = "fill in: where they come from"
# grade = "D"                       # how well the deciding number is known: A B C D R
# co_runners = ["camera ISP", "planner at 10 Hz"]   # what else runs on the device meanwhile

[scenario]                          # other kinds and their keys: docs/measuring.md
rate = "15 Hz"                      # fill in: a frame every period; without a rate, one after the other
# queue = "latest-only"             # frames released while an inference runs: or drop-late, queue:N

[requires]
deadline = "66.7 ms"                # fill in: from release to end; one period if left out
percentile = 99                     # share of frames that must meet it, in percent
# misses = {{ at_most = 2, in_any = 100, in_a_row = 1 }}
# age = "150 ms"                    # of an output when it is used
# cold_start = "2 s"                # from the start of the process to the first output
# memory_share = "25 %"             # of what the device leaves free
# memory = "200 MB"                 # peak of the model, absolute
# storage = "64 MB"                 # of the model's files
# energy = "20 mJ"                  # of one inference
# throughput = "400 Hz"             # inferences a second, at least
# first_token = "500 ms"            # of a decoder: prompt to first token
# token = "50 ms"                   # each further one
"""


def new_partner(name: str, device: str, workload: str) -> str:
    """Who deploys on one device for one job."""
    return f"""#:schema ../schemas/partner.json
# Fill in what differs. `assess fit MODEL --partner ID` judges a model for every device and every workload.
name = {text(name)}
summary = "fill in: what is deployed, in one sentence"
source = "fill in: where these facts and this policy come from"
devices = [{text(device)}]           # fill in; assess list devices
workloads = [{text(workload)}]       # fill in; assess list workloads
# standards = ["iso-26262"]         # for which evidence is collected; assess list standards

[policy]
licences = ["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"]    # SPDX
evidence = "measured"               # or projected: what is accepted for latency and memory
# statements = ["origin", "data-residency"]   # what the model's card must state
why = "fill in: why this policy"
"""


def new_runtime(name: str) -> str:
    """A runtime whose list of operators is not known yet."""
    return f"""#:schema ../schemas/runtime.json
# Fill in: take the # away and write what the runtime's manual says; what it does not say stays out.
name = {text(name)}
version = "fill in"
source = "fill in: manual, version, page"
# provider = "CPUExecutionProvider"   # ONNX Runtime execution provider, if it has one
# fallback = "onnxruntime-cpu"      # takes what this one refuses; leave it out if nothing does
# precisions = ["int8"]             # what it computes in
# quantises_floats = true           # whether it quantises float models when it compiles them

# [opset]
# min = 7
# max = 20

# [quantisation]
# formats = ["QDQ"]
# granularity = ["per-tensor"]      # per-channel, block

# [operators]                       # one that is not here is not supported; leave the table out if the list is secret
# Add = {{}}
# Conv = {{ conditions = ["kernel at most 7"] }}
"""


def new_standard(name: str) -> str:
    """A standard that evidence is collected for."""
    return f"""#:schema ../schemas/standard.json
name = {text(name)}
title = "fill in: what it is about"
source = "fill in: where that was read"
grade = "A"
shows = "fill in: what a run of assess contributes to the evidence"
cannot_show = "fill in: what no benchmark shows"
"""
