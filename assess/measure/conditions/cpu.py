"""Conditions of the processor: what its clock follows, and who shares the core."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.measure.conditions.condition import CPUS, Condition, Look, cpu_list, unknown
from assess.measure.sensors.sensor import by_number, text_or
from assess.units import format_quantity

_NO_CPUFREQ: Final = "no cpufreq in /sys: the firmware or a hypervisor decides the clock"
#: Of the highest clock: a core at work that has less is held down, or was not raised yet.
_NEAR_THE_HIGHEST: Final = 0.9
#: Microseconds to leave an idle state: more is seen in the lateness of every frame.
_LONG_WAKE_UP_US: Final = 100
#: A clock in kHz, as cpufreq writes it.
_KHZ: Final = 1e3


def governor(look: Look) -> Condition:
    """What the clock follows (Documentation/admin-guide/pm/cpufreq.rst)."""
    if not look.host.governor:
        return unknown("governor", _NO_CPUFREQ)
    drivers = {driver for file in _files(look, "scaling_driver") if (driver := text_or(file, ""))}
    found = look.host.governor + (f" ({', '.join(sorted(drivers))})" if drivers else "")
    if look.host.governor == "performance":
        return Condition("governor", "good", found)
    cpupower = any((look.root / folder / "cpupower").exists() for folder in ("usr/bin", "usr/sbin", "bin", "sbin"))
    remedy = (
        "sudo cpupower frequency-set -g performance"
        if cpupower
        else f"echo performance | sudo tee /{CPUS}/cpu*/cpufreq/scaling_governor"
    )
    # intel_pstate and amd-pstate scale under this name; everywhere else it means the lowest clock.
    if "powersave" in look.host.governor and not any("pstate" in driver for driver in drivers):
        return Condition("governor", "bad", found, "the clock stays at its lowest", remedy)
    because = "the clock follows the load: a model that runs now and then is slower than one that runs without pause"
    return Condition("governor", "could be better", found, because, remedy)


def boost(look: Look) -> Condition:
    """Clocks above the nominal one (Documentation/admin-guide/pm/intel_pstate.rst, cpufreq.rst)."""
    because = "the clock depends on heat and on the other cores; off, figures repeat. Off only if the job runs so too"
    for path, on, off in ((f"{CPUS}/intel_pstate/no_turbo", "0", "1"), (f"{CPUS}/cpufreq/boost", "1", "0")):
        now = look.text(path)
        if now == on:
            return Condition("turbo", "could be better", "on", because, f"echo {off} | sudo tee /{path}")
        if now == off:
            return Condition("turbo", "good", "off")
    return unknown("turbo", "no switch for it in /sys: the processor has none, or a hypervisor hides it")


def frequency(look: Look) -> Condition:
    """The clock right after work, against the highest."""
    name, ratios = "clock", []
    for file in _files(look, "scaling_cur_freq"):
        now, highest, capped = (_khz(file.with_name(n)) for n in (file.name, "cpuinfo_max_freq", "scaling_max_freq"))
        if now and highest:
            ratios.append((now / highest, now, highest, capped or highest))
    if not ratios:
        return unknown(name, _NO_CPUFREQ)
    ratio, now, highest, capped = max(ratios)  # The core that worked last; the others may sleep.
    found = f"{format_quantity(now * _KHZ, 'Hz')} of {format_quantity(highest * _KHZ, 'Hz')} right after work"
    if capped < _NEAR_THE_HIGHEST * highest:
        because = f"somebody capped it at {format_quantity(capped * _KHZ, 'Hz')}"
        remedy = f"echo {highest} | sudo tee /{CPUS}/cpu*/cpufreq/scaling_max_freq"
        return Condition(name, "could be better", found, because, remedy)
    if ratio < _NEAR_THE_HIGHEST:
        because = "heat, a power limit or the governor keeps it down: see there"
        return Condition(name, "could be better", found, because)
    return Condition(name, "good", found)


def siblings(look: Look) -> Condition:
    """Threads that share a core's units (Documentation/admin-guide/hw-vuln/core-scheduling.rst)."""
    active, control = look.text(f"{CPUS}/smt/active"), look.text(f"{CPUS}/smt/control")
    if active not in ("0", "1"):
        return unknown("SMT", "no smt in /sys: a kernel before 4.19")
    if active == "0":
        return Condition("SMT", "good", {"off": "off", "forceoff": "off"}.get(control, "none"))
    pairs = dict.fromkeys(text_or(file, "?") for file in _files(look, "thread_siblings_list", "topology"))
    found = "on" + (f"; siblings {'; '.join(list(pairs)[:4])}{' ...' * (len(pairs) > 4)}" if pairs else "")
    because = "a process on the sibling takes up to half of the core, and no figure here shows it"
    return Condition("SMT", "could be better", found, because, f"echo off | sudo tee /{CPUS}/smt/control")


def isolation(look: Look) -> Condition:
    """CPUs that the scheduler leaves to us (Documentation/admin-guide/kernel-parameters.txt)."""
    name = "isolation"
    words = [line for line in look.text("proc/self/status").splitlines() if line.startswith("Cpus_allowed_list:")]
    if not words:
        return unknown(name, "no Cpus_allowed_list in /proc/self/status")
    listed = words[0].partition(":")[2].strip()
    allowed, online = cpu_list(listed), cpu_list(look.text(f"{CPUS}/online")) or cpu_list(listed)
    isolated, tickless = look.text(f"{CPUS}/isolated"), look.text(f"{CPUS}/nohz_full").replace("(null)", "")
    found = f"runs on {listed}; isolcpus {isolated or 'none'}, nohz_full {tickless or 'none'}"
    if isolated and allowed <= cpu_list(isolated):
        return Condition(name, "good", found)
    if isolated:
        named = isolated if {*isolated} & {*"-,"} else f"{isolated}-{isolated}"  # A bare number is a count.
        remedy = f"assess measure --cpus {named} ..."
        return Condition(name, "could be better", found, "CPUs are set aside, but this process is not on them", remedy)
    if len(online) == 1:
        because = "the only CPU also serves interrupts and every other process"
        return Condition(name, "could be better", found, because)
    last = max(allowed)
    because = "the scheduler may put any other process, and interrupts, on the CPU that measures"
    remedy = f"assess measure --cpus {last}-{last} ...  # for good: isolcpus={last} nohz_full={last} at boot"
    return Condition(name, "could be better", found, because, remedy)


def idle_states(look: Look) -> Condition | None:
    """How long a core takes to wake up (Documentation/admin-guide/pm/cpuidle.rst); None where there are no states."""
    states = sorted((look.root / CPUS / "cpu0/cpuidle").glob("state[0-9]*"), key=by_number)
    used = [(_number(state / "latency"), state) for state in states if _number(state / "disable") == 0]
    known = [(latency, state) for latency, state in used if latency is not None]
    if not known:
        return None
    latency, state = max(known, key=lambda pair: pair[0])
    name = look.text(str((state / "name").relative_to(look.root))) or state.name
    found = f"deepest {name}, {latency} us to leave it"
    if latency <= _LONG_WAKE_UP_US:
        return Condition("idle states", "good", found)
    because = "a core that slept between two frames starts the next one late, with cold caches"
    return Condition("idle states", "could be better", found, because, f"sudo cpupower idle-set -D {_LONG_WAKE_UP_US}")


def _files(look: Look, name: str, folder: str = "cpufreq") -> list[Path]:
    return sorted((look.root / CPUS).glob(f"cpu[0-9]*/{folder}/{name}"), key=by_number)


def _khz(file: Path) -> int:
    return _number(file) or 0


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
