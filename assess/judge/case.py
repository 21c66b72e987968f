"""Everything a criterion may look at; asking for what is absent says why it is absent."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from assess.describe.device import Device
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.workload import Workload
from assess.measure.measurement import Measurement
from assess.project.estimate import Estimate
from assess.project.estimates import Estimates, Name
from assess.project.target import why_in_any_mode
from assess.providers import CPU


class NoEvidenceError(Exception):
    """What the criterion needs is not known; the text says why. The finding is UNKNOWN.

    Attributes:
        next_step: what would make it known.
    """

    def __init__(self, why: str, next_step: str = "") -> None:
        super().__init__(why)
        self.next_step = next_step


class NotAskedError(Exception):
    """Nobody set a limit for this criterion; the text says who could. The finding is NOT ASKED."""


#: What the run is called that next steps measure and judge.
RUN: Final = "run.json"


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command line to repeat: what was typed, as far as a next step has to say it again.

    Attributes:
        model: path or id; "" for the file's name, where only a run is known.
        workload: path or id; "" for the id.
        options: those without which the next step would not find or feed what this command did, with their values.
    """

    model: str = ""
    workload: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One model x workload x device, and for whom.

    Attributes:
        model: what is to run.
        workload: the job.
        device: where.
        partner: for whom; None if nobody was named.
        measurement: the run that this case stands on; None if nothing was run.
        estimates: what is known of the model on the device.
        standards: those that the partner collects evidence for.
        invocation: what next steps say again.
    """

    model: Model
    workload: Workload
    device: Device
    partner: Partner | None
    measurement: Measurement | None
    estimates: Estimates
    standards: tuple[Standard, ...] = ()
    invocation: Invocation = Invocation()

    @property
    def runtime(self) -> Runtime:
        """The device's runtime that the case is judged with: the one that ran the model there, or the preferred one.

        Raises:
            NoEvidenceError: the profile names none.
        """
        runtime = self.estimates.runtime
        if runtime is None:
            raise NoEvidenceError(
                f"no runtime of {self.device.id} is publicly described ({self.device.availability})",
                "compile the model with the vendor's own tools and read their report",
            )
        return runtime

    def estimate(self, name: Name) -> Estimate:
        """An estimate by name.

        Raises:
            NoEvidenceError: there is none; the text is the recorded reason.
        """
        found = self.estimates.known.get(name)
        if found is None:
            raise NoEvidenceError(self.estimates.absent[name], self.to_look)
        return found

    @property
    def to_measure(self) -> str:
        """What turns a projection into a measurement: a command where ONNX Runtime runs on the device."""
        providers = [runtime.provider for runtime in self.device.runtimes if runtime.provider]
        first = self._to_recognise
        if self._ran_by_tool or self._preferred_tool:
            return f"{first}on {self.device.id}: {self._measure(CPU)}"
        if not providers:
            return f"compile the model with the vendor's tools and measure it on {self.device.id} with them"
        if not self.device.runtimes[0].provider:  # What the device prefers, no run of ONNX Runtime measures.
            bindings = zip(self.device.runtime, self.device.runtimes, strict=True)
            engine = next(binding.engine for binding, runtime in bindings if runtime.provider)
            compiled = f"compile the model with {self.device.runtimes[0].id} and measure it on {self.device.id}"
            return f"{compiled} with its own tools; its {engine} alone: {first}{self._measure(providers[0])}"
        return f"{first}on {self.device.id}: {self._measure(providers[0])}"

    @property
    def to_look(self) -> str:
        """What measures what the run left out: a vendor's tool, asked again, would leave it out again."""
        if self.measurement is None or self.measurement.tool_run is None:
            return self.to_measure
        provider = next((f", --provider {each.provider}" for each in self.device.runtimes if each.provider), "")
        return f"let assess's own harness look at it, on {self.device.id}: no --runner{provider}"

    @property
    def _to_recognise(self) -> str:
        """What its profile needs before a run can be one in its power mode; "" where it needs nothing."""
        if not why_in_any_mode(self.device):
            return ""
        return f"write what the board calls its mode into power_mode of [identity] of {self.device.id}, then "

    @property
    def to_judge(self) -> str:
        """What comes after `to_measure`, on any machine."""
        options = zip(self.invocation.options[::2], self.invocation.options[1::2], strict=True)
        profiles = [word for option, value in options if option == "--profiles" for word in (option, value)]
        whom = ["--partner", self.partner.id] if self.partner else []
        return shlex.join(["assess", "judge", RUN, "--device", self.device.id, *whom, *profiles])

    def _measure(self, on: str) -> str:
        again = self.invocation
        what = [
            again.model or self.model.name,
            "--workload",
            again.workload or self.workload.id,
            *again.options,
        ]
        dims = [word for name, size in self.model.dims.items() for word in ("--dim", f"{name}={size}")]
        how = self._by_tool if self._ran_by_tool else self._preferred_tool
        if not how and "--runner" not in again.options and on != CPU:
            how = ["--provider", on]
        return shlex.join(["assess", "measure", *what, *dims, *how, "-o", RUN])

    @property
    def _ran_by_tool(self) -> bool:
        """Whether a vendor's tool took the run on the device."""
        return self.estimates.on_device and self.measurement is not None and bool(self.measurement.requested.runner)

    @property
    def _preferred_tool(self) -> list[str]:
        """The tool that runs what the device prefers where ONNX Runtime does not; empty where there is none."""
        first = self.device.runtimes[0] if self.device.runtimes else None
        if first is None or first.provider or not first.runners or "--runner" in self.invocation.options:
            return []
        words = ["--runner-command", f"COMMAND OF {first.id}"] if first.runners[0] == "command" else []
        return ["--runner", first.runners[0], *words]

    @property
    def _by_tool(self) -> list[str]:
        """The vendor's tool that took the run, typed again."""
        assert self.measurement is not None
        asked = self.measurement.requested
        typed = {
            "--runner": asked.runner, "--runner-command": asked.runner_command, "--runner-model": asked.runner_model,
            "--runner-unit": asked.runner_unit,
        }  # fmt: skip
        new = {option: value for option, value in typed.items() if value and option not in self.invocation.options}
        return [word for option, value in new.items() for word in (option, value)]
