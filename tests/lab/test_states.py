"""What ended sessions said is taken out of a scheduler."""

from assess.lab.states import fresh


def test_only_what_was_said_lately_by_sessions_that_go_on_stays():
    states = {"1": {"at": 970.0}, "2": {"at": 969.0}, "3": None, "4": {"at": "noon"}, "5": {"at": 1000.0}}
    assert fresh(states, 1000.0, ended="5") == {"1": {"at": 970.0}}
    assert fresh(None, 1000.0) == {}
