"""Tools of vendors that can time a model, one file each, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assess.measure.runners.benchmark_app import BENCHMARK_APP
from assess.measure.runners.benchmark_model import BENCHMARK_MODEL
from assess.measure.runners.command import COMMAND
from assess.measure.runners.runner import Runner
from assess.measure.runners.trtexec import TRTEXEC

RUNNERS: Final[Mapping[str, Runner]] = {
    runner.name: runner for runner in (TRTEXEC, BENCHMARK_APP, BENCHMARK_MODEL, COMMAND)
}
