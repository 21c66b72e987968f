"""What a board can be asked: to tell of itself, and to run, to compare, to accept a model as it is done anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from assess.authoring import BUDGET_S, device_from_here, look_here
from assess.describe.library import Library
from assess.gate import Rerun, Stored, gate
from assess.gate.accept import Accepting, accept
from assess.gate.plan import GatePlan
from assess.gate.self_test import self_test
from assess.judge.gate.comparison import Comparison
from assess.measure.baseline import Acceptance
from assess.measure.baseline_json import read as read_baseline
from assess.measure.baseline_json import to_json as baseline_text
from assess.measure.board_lock import holder
from assess.measure.fingerprint import machine_id
from assess.measure.host import read_host
from assess.measure.record import to_json
from assess.measure.run import measure
from assess.measure.sensors import is_metered
from assess.measure.shared_host import advice
from assess.measure.timed_run import OnProgress
from assess.pipeline import doctor
from assess.report.new import Named
from assess.target.board.asked import feeds_of, job_of, reference_of, settings_of, stage_of, subject_of
from assess.target.outputs import BASELINE_FILE, RUN_FILE
from assess.target.plain import plain, record

Call = Callable[[Mapping[str, Any], OnProgress], dict[str, Any]]


def host_call(_: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """The board as its kernel and firmware report it."""
    tell("reading the board", None, None)
    return {
        "host": plain(read_host()),
        "machine": machine_id(),
        "metered": is_metered(),
        "advice": list(advice()),
        "held": holder(),
    }


def measure_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Run a model for a job; the run is written to a file."""
    subject = subject_of(asked["model"])
    measured = measure(
        subject.model,
        subject.path,
        job_of(asked["job"]),
        settings_of(asked["settings"]),
        feeds=feeds_of(asked["feeds"]),
        card=subject.card,
        card_folder=subject.card_folder,
        reference=reference_of(asked["reference"]),
        stages={name: stage_of(each) for name, each in asked["stages"].items()},
        on_progress=tell,
    )
    Path(RUN_FILE).write_text(to_json(measured), encoding="utf-8")
    return {"machine": machine_id()}


def gate_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Compare a model with the accepted one, or with what was stored of it."""
    told = asked["opponent"]
    opponent = Rerun(subject_of(told)) if isinstance(told, Mapping) else Stored(read_baseline(Path(told)))
    report = gate(
        opponent,
        subject_of(asked["model"]),
        job_of(asked["job"]) if asked["job"] else None,
        settings_of(asked["settings"]),
        record(GatePlan, asked["plan"], "plan"),
        feeds=feeds_of(asked["feeds"]),
        on_progress=tell,
    )
    return {"report": plain(report)}


def self_test_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Test the gates of this board."""
    found = self_test(
        subject_of(asked["model"]),
        job_of(asked["job"]) if asked["job"] else None,
        settings_of(asked["settings"]),
        record(GatePlan, asked["plan"], "plan"),
        float(asked["budget_s"]),
        feeds=feeds_of(asked["feeds"]),
        on_progress=tell,
    )
    return {"report": plain(found)}


def accept_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Measure a model as what newer ones are compared with; the baseline is written to a file."""
    found = accept(
        Accepting(
            subject_of(asked["model"]),
            job_of(asked["job"]) if asked["job"] else None,
            settings_of(asked["settings"]),
            record(Acceptance, asked["acceptance"], "acceptance"),
            None,
            feeds_of(asked["feeds"]),
        ),
        on_progress=tell,
    )
    if isinstance(found, Comparison):
        return {"refused": plain(found)}
    Path(BASELINE_FILE).write_text(baseline_text(found), encoding="utf-8")
    return {}


def doctor_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Look at this board as an instrument."""
    found = doctor(
        rate_hz=asked["rate_hz"], deadline_s=asked["deadline_s"], provider=asked["provider"], on_progress=tell
    )
    return {"diagnosis": plain(found)}


def device_call(asked: Mapping[str, Any], tell: OnProgress) -> dict[str, Any]:
    """Detect and calibrate this board, and write its profile."""
    tell("looking at the board", None, None)
    here = look_here()
    named = record(Named, asked["named"], "named")
    if asked["vendor_as_detected"] and (vendor := here.detected.vendor):
        named = replace(named, vendor=vendor.value)
    budget_s = BUDGET_S if asked["budget_s"] is None else float(asked["budget_s"])
    return {"text": device_from_here(here, named, Library(), budget_s=budget_s, on_progress=tell)}


#: By their names.
CALLS: Final[Mapping[str, Call]] = {
    "host": host_call,
    "measure": measure_call,
    "gate": gate_call,
    "self-test": self_test_call,
    "accept": accept_call,
    "doctor": doctor_call,
    "device": device_call,
}
