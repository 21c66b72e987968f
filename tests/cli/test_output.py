"""What is said before a run: how much is measured, and about how long it takes."""

from dataclasses import replace

import builders

from assess.cli.output import tell_plan
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
