"""Whether a signal ended a run is told by the words that a run keeps of it, of older files too."""

import builders
import pytest

from assess.measure.interruption import stopped_by, was_stopped


@pytest.mark.parametrize(
    ("incomplete", "stopped"),
    [
        (stopped_by("SIGTERM", "after 3 s"), True),
        ("stopped by SIGINT after 3 s", True),  # As files of assess.run/2 have it: these words never change.
        ("the worker was told to stop from outside after 3 s", False),
        ("", False),
    ],
)
def test_what_a_signal_ended_is_known(incomplete, stopped):
    assert was_stopped(builders.measurement(incomplete=incomplete)) is stopped
