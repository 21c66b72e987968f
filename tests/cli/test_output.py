"""What is said before a run, and what is told after it, whatever cannot be written."""

from dataclasses import replace

import builders
import pytest
import typer

from assess.cli.output import deliver_forms, tell_plan
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.measure.tiers import STANDARD

SETTINGS = Settings(tier="quick", min_count=662, min_duration_s=15.0, passes=("floor", "start", "outputs"))


def plan(capsys, settings=SETTINGS):
    tell_plan(builders.job(kind="periodic", rate="30 Hz"), settings)
    return capsys.readouterr().err


def test_the_plan_counts_the_other_passes_too(capsys):
    assert plan(capsys) == (
        "measuring (quick): 662 frames at 30 Hz, about 22 s, then floor, start, outputs: about 23 s more, longer where "
        "others use this host\n"
    )


def test_a_plan_of_frames_alone_says_no_more(capsys):
    assert plan(capsys, replace(SETTINGS, passes=())) == "measuring (quick): 662 frames at 30 Hz, about 22 s\n"


def test_every_pass_of_a_tier_has_its_share(capsys):
    assert "then floor, start, outputs, memory, profile: about 41 s more" in plan(
        capsys, replace(SETTINGS, passes=STANDARD.passes)
    )


FORMS = {"json": lambda found: f"[{found}]\n", "markdown": lambda found: f"# {found}\n"}


def test_a_reader_that_is_gone_loses_no_file_and_no_history(tmp_path, monkeypatch):
    def gone(*_, err=False, **__):
        if not err:
            raise BrokenPipeError

    monkeypatch.setattr(typer, "echo", gone)
    kept = []
    with pytest.raises(BrokenPipeError):
        deliver_forms(7, FORMS, FORMS["json"], "json", [("markdown", tmp_path / "a.md")], then=[lambda: kept.append(7)])
    assert ((tmp_path / "a.md").read_text(), kept) == ("# 7\n", [7])


def test_a_bug_is_raised_before_what_could_not_be_written(tmp_path, capsys):
    def refused():
        raise AssessError("database is locked", where="h.sqlite")

    def broken():
        raise ZeroDivisionError

    kept = []
    with pytest.raises(ZeroDivisionError):
        deliver_forms(7, FORMS, FORMS["json"], "json", [], then=[refused, broken, lambda: kept.append(7)])
    assert (capsys.readouterr(), kept) == (("[7]\n", "error: h.sqlite: database is locked\n"), [7])


def test_only_what_github_reads_goes_into_its_summary(tmp_path, monkeypatch, capsys):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    forms = {**FORMS, "github": lambda found: f"::notice::{found}\n"}
    deliver_forms(7, forms, FORMS["json"], "json", [])
    assert not summary.exists()
    deliver_forms(7, forms, FORMS["json"], "github", [])
    assert (capsys.readouterr().out, summary.read_text()) == ("[7]\n::notice::7\n", "# 7\n")
