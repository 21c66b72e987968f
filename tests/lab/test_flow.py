"""The turns of a lab in exact numbers: who measures what, what is told at once, and what comes back."""

import tracemalloc

import pytest

from assess.errors import AssessError
from assess.lab.answer import StoppedError
from assess.lab.bench import UnfitError
from assess.lab.flow import measured_in
from assess.lab.messages import Came, LabGoneError, LabWorker, Lost, Told
from assess.lab.turns import Case


class FakeLab:
    """A lab whose workers are a list, and whose messages are those of a script; to hear nothing takes its time."""

    def __init__(self, *workers, script=()):
        self.there, self.script = list(workers), list(script)
        self.now, self.sent, self.forgotten, self.stopped = 0.0, [], [], 0
        self.most_at_once = 0
        self.out = set()

    def workers(self):
        return tuple(self.there)

    def send(self, number, device, to):
        self.sent.append((number, device, tuple(to)))
        self.out.add(number)
        self.most_at_once = max(self.most_at_once, len(self.out))

    def hear(self, timeout_s):
        step = self.script.pop(0) if self.script else self._next()
        if callable(step):
            step = step(self)
        if step is None:
            self.now += timeout_s
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, Came | Lost):
            self.out.discard(step.number)
        return step

    def _next(self):
        return came(min(self.out)) if self.out else None

    def forget(self, number):
        self.forgotten.append(number)
        self.out.discard(number)

    def stop(self):
        self.stopped += 1

    def tell_state(self, waiting, running, done):
        self.state = waiting, running, done


def came(number, answer="run", worker="tcp://1"):
    return Came(number, worker, answer)


def worker(number, *devices, unfit=""):
    return LabWorker(f"tcp://{number}", f"rack-{number}", devices, unfit)


def cases(*devices, expected_s=10.0):
    return {number: Case(device, expected_s, f"case {number}") for number, device in enumerate(devices)}


def read(message):
    if isinstance(message.answer, Exception):
        raise message.answer
    return f"{message.answer} {message.number}"


def flow(lab, wanted, **more):
    return list(measured_in(lab, wanted, read, clock=lambda: lab.now, **more))


def test_each_case_comes_once_and_no_more_are_handed_in_than_there_are_workers():
    lab = FakeLab(worker(1, "pi"), worker(2, "pi"), worker(3, "orin"))
    assert flow(lab, cases(*["pi", "orin"] * 30)) == [(number, f"run {number}") for number in range(60)]
    assert lab.most_at_once == 3
    assert sorted(number for number, _, _ in lab.sent) == list(range(60))
    assert lab.stopped == 0


def test_a_worker_that_offers_all_devices_gets_one_case_at_a_time():
    lab = FakeLab(worker(1, "orin", "pi", "steam"))
    assert len(flow(lab, cases("pi", "orin", "steam", "pi"))) == 4
    assert lab.most_at_once == 1


def test_a_device_that_nobody_offers_is_told_at_once_and_the_others_go_on():
    lab, notes = FakeLab(worker(1, "pi")), []
    found = flow(lab, cases("orin", "pi", "orin"), note=notes.append)
    assert [(number, str(each)) for number, each in found] == [
        (0, "no worker of the lab offers orin (hint: `assess lab status` tells who offers what, `assess lab worker` "
         "offers a device)"),
        (2, "no worker of the lab offers orin (hint: `assess lab status` tells who offers what, `assess lab worker` "
         "offers a device)"),
        (1, "run 1"),
    ]  # fmt: skip
    assert [note.partition(" (")[0] for note in notes] == [
        "2 runs cannot be measured: no worker of the lab offers orin"
    ]
    assert lab.now == 0.0


def test_a_worker_of_another_version_is_no_worker():
    lab = FakeLab(worker(1, "pi", unfit="it has assess 0.2.0, this is 0.1.0"))
    ((_, why),) = flow(lab, cases("pi"))
    assert why.problem == (
        "no worker of the lab that offers pi can measure: rack-1: it has assess 0.2.0, this is 0.1.0"
    )
    assert not lab.sent


def test_a_worker_with_a_full_disk_is_left_out_and_its_case_goes_to_another():
    lab = FakeLab(worker(1, "pi"), worker(2, "pi"), script=[came(0, UnfitError("No space left on device"), "tcp://2")])
    assert flow(lab, cases("pi", "pi", "pi")) == [(1, "run 1"), (0, "run 0"), (2, "run 2")]
    # From then on Dask is told who can: it knows nothing of the disk.
    assert lab.sent == [(0, "pi", ()), (1, "pi", ()), (0, "pi", ("tcp://1",)), (2, "pi", ("tcp://1",))]


def test_where_the_only_worker_has_a_full_disk_each_case_is_told_so():
    lab = FakeLab(worker(1, "pi"), script=[came(0, UnfitError("No space left on device"))])
    whys = [why.problem for _, why in flow(lab, cases("pi", "pi"))]
    assert whys == ["no worker of the lab that offers pi can measure: rack-1: No space left on device"] * 2


def test_a_case_whose_worker_left_waits_for_it_to_come_back_and_no_longer():
    def leave(lab):
        lab.there = []

    lab = FakeLab(worker(1, "pi"), script=[leave, *[None] * 20])
    ((_, first), (_, second)) = flow(lab, cases("pi", "pi"), comes_back_s=15.0)
    assert first.problem == second.problem == "no worker of the lab offers pi any more"
    assert lab.now == 16.0
    assert lab.forgotten == [0]


def test_a_worker_that_comes_back_in_time_goes_on():
    def leave(lab):
        lab.there = []

    def back(lab):
        lab.there = [worker(2, "pi")]

    lab = FakeLab(worker(1, "pi"), script=[leave, None, None, None, back])
    assert flow(lab, cases("pi", "pi")) == [(0, "run 0"), (1, "run 1")]
    assert lab.forgotten == []  # Dask itself gave the case to the one that came.


def test_a_case_that_only_workers_may_run_that_are_gone_is_handed_in_anew():
    def swap(lab):
        lab.there = [worker(1, "pi", unfit="it has no assess"), worker(3, "pi")]

    lab = FakeLab(worker(1, "pi", unfit="it has no assess"), worker(2, "pi"), script=[swap, None])
    assert flow(lab, cases("pi")) == [(0, "run 0")]
    assert (lab.sent, lab.forgotten) == ([(0, "pi", ("tcp://2",)), (0, "pi", ("tcp://3",))], [0])


def test_a_case_that_the_scheduler_gave_up_is_told_with_its_reason():
    lab = FakeLab(worker(1, "pi"), script=[Lost(0, "its worker died each of the 4 times that it was tried")])
    (number, why), second = flow(lab, cases("pi", "pi"))
    assert (number, why.problem) == (0, "its worker died each of the 4 times that it was tried")
    assert second == (1, "run 1")


def test_a_case_whose_worker_is_told_to_stop_is_given_back_but_not_without_end():
    lab = FakeLab(worker(1, "pi"), script=[came(0, StoppedError())])
    assert flow(lab, cases("pi")) == [(0, "run 0")]
    lab = FakeLab(worker(1, "pi"), script=[came(0, StoppedError()) for _ in range(5)])
    ((_, why),) = flow(lab, cases("pi"))
    assert why.problem == "workers were told to stop 5 times while they measured it"


def test_a_case_that_is_refused_is_its_own_matter():
    lab = FakeLab(worker(1, "pi"), script=[came(0, AssessError("no cache"))])
    (first, second) = flow(lab, cases("pi", "pi"))
    assert (str(first[1]), second) == ("no cache", (1, "run 1"))


def test_a_case_that_cannot_be_packed_is_told_and_the_worker_gets_the_next():
    lab = FakeLab(worker(1, "pi"))
    send = lab.send

    def refuse_first(number, device, to):
        if number == 0:
            raise AssessError("cannot be read", where="student.onnx")
        send(number, device, to)

    lab.send = refuse_first
    (first, second) = flow(lab, cases("pi", "pi"))
    assert (str(first[1]), second) == ("student.onnx: cannot be read", (1, "run 1"))


def test_when_the_scheduler_is_gone_what_is_left_is_told_so():
    gone = LabGoneError("the scheduler is gone", where="tcp://s")
    lab, notes = FakeLab(worker(1, "pi"), script=[came(0), gone]), []
    assert flow(lab, cases("pi", "pi", "orin"), note=notes.append)[1:] == [(0, "run 0"), (1, gone)]
    assert notes[1:] == ["tcp://s: the scheduler is gone"]


def test_ctrl_c_takes_back_what_waits_and_gives_what_had_come():
    lab = FakeLab(worker(1, "pi"), worker(2, "pi"), script=[KeyboardInterrupt(), came(1), None])
    flowing = measured_in(lab, cases("pi", "pi", "pi"), read, clock=lambda: lab.now)
    assert next(flowing) == (1, "run 1")
    with pytest.raises(KeyboardInterrupt):
        next(flowing)
    assert lab.stopped == 1


def test_whoever_wants_no_more_takes_everything_back():
    lab = FakeLab(worker(1, "pi"))
    flowing = measured_in(lab, cases("pi", "pi"), read, clock=lambda: lab.now)
    next(flowing)
    flowing.close()
    assert lab.stopped == 1


def test_what_was_taken_back_and_still_comes_is_not_taken_for_another():
    lab = FakeLab(worker(1, "pi"), script=[came(7), Told(9, "sleeping", 1.0)])
    assert flow(lab, cases("pi")) == [(0, "run 0")]


def test_progress_tells_how_many_are_done_and_the_seconds_left():
    told = []
    lab = FakeLab(worker(1, "pi"), worker(2, "orin"), script=[Told(0, "warming up", 4.0)])
    flow(lab, cases("pi", "pi", "orin"), on_progress=lambda *what: told.append(what))
    assert told[0] == ("0 of 3 runs done, 0 running", 0.0, 30.0)  # Nobody has been seen yet.
    # The line of the pi is the longest: 4 s of the first, 10 s of the second.
    assert told[1] == ("0 of 3 runs done, 2 running; case 0: warming up", 0.0, 14.0)
    assert [what for what, _, _ in told[2:]] == [
        "0 of 3 runs done, 2 running", "1 of 3 runs done, 2 running", "2 of 3 runs done, 1 running"
    ]  # fmt: skip
    assert lab.state == (0, 1, 2)


def test_ten_thousand_cases_that_wait_take_little_memory():
    wanted = cases(*["pi", "orin"] * 5000)
    lab = FakeLab(worker(1, "pi"), worker(2, "orin"))
    tracemalloc.start()
    flowing = measured_in(lab, wanted, read, clock=lambda: lab.now)
    next(flowing)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    flowing.close()
    assert len(lab.sent) == 3
    assert peak < 2_000_000  # Of the queue itself; the client's whole memory is in benchmarks/harness/lab.py.
