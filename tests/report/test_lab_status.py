"""What a lab's status says, line by line."""

from assess.lab.messages import LabWorker
from assess.lab.status import Session, Status
from assess.report.lab_status import status_lines


def test_workers_with_what_they_offer_and_do_and_sessions_with_what_waits():
    status = Status(
        "tcp://s:8786",
        (
            LabWorker("tcp://1", "rack-1", ("pi",), "", ("a, b, pi", "c, d, pi")),
            LabWorker("tcp://2", "rack-2", ("orin", "steam")),
            LabWorker("tcp://3", "rack-3", ("pi",), "it has assess 0.0.9, this is 0.1.0"),
            LabWorker("tcp://4", "somebody", ()),
        ),
        (Session("robotics", 40, 2, 18),),
    )
    assert list(status_lines(status)) == [
        "tcp://s:8786: 4 workers, 3 devices, 1 session",
        "  rack-1  pi  runs a, b, pi, 1 in its line",
        "  rack-2  orin, steam  free",
        "  rack-3  pi  it has assess 0.0.9, this is 0.1.0",
        "  somebody  offers no device  free",
        "  session robotics: 2 running, 40 waiting, 18 done",
    ]
