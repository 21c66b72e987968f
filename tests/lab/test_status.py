"""Which sessions a scheduler is believed to have."""

from assess.lab.status import Session, sessions_in


def test_sessions_that_say_nothing_any_more_and_what_others_wrote_are_left_out():
    fresh = {"title": "a", "waiting": 1, "running": 2, "done": 3, "at": 970.0}
    states = {
        "1": fresh,
        "2": {**fresh, "at": 969.0},
        "3": None,
        "4": {"title": 1},
        "5": [],
        "6": {**fresh, "waiting": ""},
    }
    assert list(sessions_in(states, 1000.0)) == [Session("a", 1, 2, 3)]
    assert list(sessions_in("", 1000.0)) == []
