"""Conditions of the scheduler: whether the CPU is there when a frame is due."""

from __future__ import annotations

from typing import Final

from assess.measure.conditions.condition import Condition, Look, Standing, unknown

#: sched(7): number, name.
_POLICIES: Final = {0: "other", 1: "FIFO", 2: "round robin", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}
_REAL_TIME: Final = (1, 2, 6)
_IN_THE_BACKGROUND: Final = (3, 5)
#: proc(5), fields of /proc/self/stat that follow the process's name, from 0: nice, real-time priority, policy.
_NICE, _PRIORITY, _POLICY = 16, 37, 38

#: Shares of time: a run that waits for a CPU for more than a tenth, or gets less than nine tenths of one, is not valid;
#: a hundredth moves a p99.
_SOME, _MUCH = 0.01, 0.1
#: A hypervisor that takes so much takes it in slices of milliseconds.
_SOME_STEAL: Final = 0.001

_WHO: Final = "ps -eo pcpu,pid,comm --sort=-pcpu | head  # then e.g. sudo systemctl stop NAME"


def scheduling_class(look: Look) -> Condition:
    """Who may take the CPU from us."""
    name, (_, _, rest) = "scheduling class", look.text("proc/self/stat").rpartition(") ")
    try:
        fields = [int(field) for field in rest.split()[1:]]
        nice, priority, policy = (fields[index - 1] for index in (_NICE, _PRIORITY, _POLICY))
    except (ValueError, IndexError):
        return unknown(name, "no such fields in /proc/self/stat")
    found = f"{_POLICIES.get(policy, policy)}, " + (f"priority {priority}" if policy in _REAL_TIME else f"nice {nice}")
    if policy in _REAL_TIME:
        return Condition(name, "good", found)
    remedy = "assess measure --nice-realtime ...  # the model then goes first, its memory locked"
    if policy in _IN_THE_BACKGROUND or nice > 0:
        return Condition(name, "bad", found, "all other processes go first", remedy)
    return Condition(name, "could be better", found, "any process that wakes up may go first", remedy)


def load(look: Look) -> Condition:
    """How many processes want a CPU."""
    if look.host.load is None:
        return unknown("load", look.host.absent.get("load", "the kernel does not tell"))
    cores, value = look.host.cores, look.host.load
    found = f"{value:.2f} over the last minute on {cores} CPU{'s' * (cores != 1)}"
    if value <= max(0.5, 0.1 * cores):
        return Condition("load", "good", found)
    if value <= cores - 1:
        because = "others work here; a CPU is left, but caches, memory and clocks are shared"
        return Condition("load", "could be better", found, because, _WHO)
    return Condition("load", "bad", found, "no CPU is left for us alone", _WHO)


def own_share(look: Look) -> Condition:
    """What a short spin got."""
    share = look.host.cpu_share
    if share is None:
        return unknown("share of a CPU", "not measured")
    standing = _standing(1.0 - share)
    because = "" if standing == "good" else "others, or a quota, take the CPU while we work"
    return Condition("share of a CPU", standing, f"{share:.1%} for a spin of 60 ms", because, _WHO if because else "")


def run_queue(look: Look) -> Condition:
    """How long the floor pass was ready but had no CPU."""
    wait = look.floor.run_queue_wait if look.floor else None
    if wait is None:
        return unknown("run queue", "no /proc/thread-self/schedstat" if look.floor else "the floor was not measured")
    standing = _standing(wait)
    because = "" if standing == "good" else "we were ready to run, and others had the CPU"
    return Condition("run queue", standing, f"waited {wait:.1%} of the time", because, _WHO if because else "")


def steal(look: Look) -> Condition:
    """What a hypervisor gave to others (proc(5), /proc/stat)."""
    if look.steal is None:
        return unknown("steal", "/proc/stat does not tell")
    found = f"{look.steal:.2%} of the CPU time while the floor was measured"
    if look.steal <= _SOME_STEAL:
        return Condition("steal", "good", found)
    standing: Standing = "bad" if look.steal > _SOME else "could be better"
    remedy = "measure on the device itself, or where CPUs are pinned to the guest"
    return Condition("steal", standing, found, "the hypervisor runs others on our CPUs", remedy)


def cpu_times(text: str) -> tuple[int, int] | None:
    """All CPU time and the stolen part, in ticks since boot, from the text of /proc/stat; None if it does not tell."""
    words = text.partition("\n")[0].split()
    if len(words) < 9 or words[0] != "cpu" or not all(word.isdecimal() for word in words[1:9]):
        return None
    ticks = [int(word) for word in words[1:9]]  # user nice system idle iowait irq softirq steal; guest is in user.
    return sum(ticks), ticks[7]


def stolen(before: tuple[int, int] | None, after: tuple[int, int] | None) -> float | None:
    """Share of the time between two looks that was stolen."""
    if before is None or after is None or after[0] <= before[0]:
        return None
    return max(0, after[1] - before[1]) / (after[0] - before[0])


def timer_slack(look: Look) -> Condition:
    """By how much timers may be put off; the worker asks for the least (man 2 prctl, PR_SET_TIMERSLACK)."""
    slack = look.runtime.timer_slack_ns if look.runtime else None
    if slack is None:
        return unknown("timer slack", "no /proc/self/timerslack_ns in the worker")
    if slack <= 1000:
        return Condition("timer slack", "good", f"{slack} ns in the worker")
    because = "the kernel refused the worker's wish for 1 ns: every sleep may end so much later"
    return Condition("timer slack", "could be better", f"{slack / 1000:.0f} us in the worker", because)


def _standing(lost: float) -> Standing:
    return "good" if lost <= _SOME else "could be better" if lost <= _MUCH else "bad"
