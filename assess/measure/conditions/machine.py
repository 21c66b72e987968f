"""Conditions of the machine: its clock, who runs it, what it is fed from, and how a Jetson is set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure import nvpmodel
from assess.measure.conditions.condition import CPUS, Condition, Look, unknown
from assess.measure.cpu_quota import cpu_groups
from assess.measure.sensors.sensor import by_number, text_or

_CLOCK: Final = "sys/devices/system/clocksource/clocksource0"
#: Read through a system call and a slow device: a microsecond and more each time (HPET, the ACPI timer, the PIT).
_SLOW_CLOCKS: Final = ("hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit")
#: What firmware calls itself in virtual machines.
_VIRTUAL: Final = re.compile(
    r"qemu|kvm|vmware|virtualbox|innotek|xen|bochs|parallels|hvm domu|amazon ec2|google compute|openstack|bhyve"
    r"|virtual machine",
    re.IGNORECASE,
)


def clock_source(look: Look) -> Condition:
    """What the kernel's clocks are read from (Documentation/timers/timekeeping.rst)."""
    now, others = look.text(f"{_CLOCK}/current_clocksource"), look.text(f"{_CLOCK}/available_clocksource").split()
    if not now:
        return unknown("clock source", "none named in /sys")
    timer = f", {look.floor.timer_ns} ns a reading" if look.floor else ""
    if now not in _SLOW_CLOCKS:
        return Condition("clock source", "good", now + timer)
    because = "each reading of the clock takes a microsecond or more, and every figure holds some"
    better = next((name for name in ("tsc", "kvm-clock", "arch_sys_counter") if name in others), "")
    remedy = (
        f"echo {better} | sudo tee /{_CLOCK}/current_clocksource"
        if better
        else "put tsc=reliable on the kernel's command line, and start again"
    )
    return Condition("clock source", "bad", now + timer, because, remedy)


def hypervisor(look: Look) -> Condition:
    """Whether a host above may stop us without our seeing it."""
    name, which = "hypervisor", look.text("sys/hypervisor/type")
    firmware = " ".join(
        filter(None, (look.text("sys/class/dmi/id/sys_vendor"), look.text("sys/class/dmi/id/product_name")))
    )
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", look.text("proc/cpuinfo"), re.MULTILINE)
    if _VIRTUAL.search(firmware):
        which = firmware
    elif (look.root / "proc/device-tree/hypervisor").exists():
        which = which or text_or(look.root / "proc/device-tree/hypervisor/compatible", "one in the device tree")
    elif "microsoft" in look.text("proc/version").lower():
        which = "WSL"
    if flags or which:
        because = "what it does with our CPUs shows in the lateness and nowhere else"
        remedy = "measure on the device itself"
        return Condition(name, "could be better", which or "one that does not say its name", because, remedy)
    if not look.text("proc/cpuinfo"):
        return unknown(name, "no /proc/cpuinfo")
    return Condition(name, "good", "none that shows itself")


def cpu_quota(look: Look) -> Condition:
    """CPU time that a container may use (Documentation/admin-guide/cgroup-v2.rst, cpu.max; v1: cpu.cfs_quota_us)."""
    name, groups = "CPU quota", cpu_groups(look.root)
    if not groups:
        return unknown(name, "no control groups")
    quotas = [(quota, folder) for folder in groups if (quota := _quota(folder)) is not None]
    if not quotas:
        return Condition(name, "good", "none")
    quota, folder = min(quotas)
    stopped = re.search(r"^nr_throttled (\d+)$", text_or(folder / "cpu.stat", ""), re.MULTILINE)
    times = int(stopped[1]) if stopped else 0
    found = f"{quota:g} CPUs, used up {times:,} times"
    because = "a process that has used it up stands still for the rest of the period, mostly 100 ms"
    remedy = "start the container with CPUs of its own instead: docker run --cpuset-cpus 2 ... (not --cpus)"
    return Condition(name, "bad" if times or quota < 1 else "could be better", found, because, remedy)


def power_source(look: Look) -> Condition:
    """Mains or battery: firmware saves power on a battery (Documentation/ABI/testing/sysfs-class-power)."""
    supplies = sorted((look.root / "sys/class/power_supply").glob("*"), key=by_number)
    kinds = {supply: text_or(supply / "type", "") for supply in supplies}
    # Mice and keyboards have batteries too; their scope is a device.
    batteries = [s for s, kind in kinds.items() if kind == "Battery" and text_or(s / "scope", "System") == "System"]
    if not batteries:
        return Condition("power source", "good", "no battery")
    if any(text_or(battery / "status", "") == "Discharging" for battery in batteries):
        because = "firmware may hold clocks down on a battery"
        return Condition("power source", "could be better", "a battery", because, "plug it in, if the job will be too")
    return Condition("power source", "good", "mains")


def jetson(look: Look) -> Condition | None:
    """How a Jetson is set: its power mode, and whether clocks are locked; None on all other boards."""
    if not look.host.power_mode:
        return None
    most = next((mode.number for mode in nvpmodel.modes(look.root) if mode.name.startswith("MAXN")), 0)
    lowest, highest = (look.text(f"{CPUS}/cpu0/cpufreq/scaling_{end}_freq") for end in ("min", "max"))
    locked = lowest == highest != ""
    found = f"power mode {look.host.power_mode}, clocks {'locked' if locked else 'not locked'}"
    if locked and look.host.power_mode.startswith("MAXN"):
        return Condition("Jetson", "good", found)
    if locked:
        because = "another mode than the highest is right only if the job will run in it"
    else:
        because = "clocks follow the load; and another mode than the highest is right only if the job will run in it"
    remedy = f"sudo nvpmodel -m {most} && sudo jetson_clocks"
    return Condition("Jetson", "could be better", found, because, remedy)


def _quota(folder: Path) -> float | None:
    """CPUs that a group may use; None for no limit."""
    quota, _, period = text_or(folder / "cpu.max", "").partition(" ")
    if not quota:
        quota, period = text_or(folder / "cpu.cfs_quota_us", ""), text_or(folder / "cpu.cfs_period_us", "")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None
