"""Conditions of a host, from small copies of the files that kernels write."""

from pathlib import Path

import builders
import pytest

from assess.measure.conditions import (
    READERS,
    STANDINGS,
    conditions,
    cpu,
    heat,
    machine,
    memory,
    processor,
    runtime,
    scheduler,
)
from assess.measure.conditions.condition import CPUS, Look, Runtime, chosen, cpu_list
from assess.measure.passes.floor import Floor, Spread

SPREAD = Spread(35, 1, 2, 3, 4, 5)
STAT = (
    "42 (a b) c) R 1 1 1 0 -1 4194304 97 0 0 0 0 0 0 0 {rt} {nice} 1 0 9 9 9 9"
    + " 0" * 12
    + " 17 1 {priority} {policy} 0"
)


@pytest.fixture
def look(tmp_path):
    """A function that writes files and gives a look at them; facts about the host by name."""

    def make(files=(), *, floor=None, runtime=None, steal=None, **host):
        for name, text in dict(files).items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        return Look(tmp_path, builders.host(**host), floor, runtime, steal)

    return make


def floor(**changes):
    return Floor(10_000_000, SPREAD, 40, SPREAD, 50_000, SPREAD, 0.0, 0.1, **changes)


def brief(condition):
    return condition.standing, condition.found


def test_lists_of_cpus_are_read_as_the_kernel_writes_them():
    assert cpu_list("0-3,8\n") == {0, 1, 2, 3, 8}
    assert cpu_list("") == cpu_list("(null)") == frozenset()
    assert chosen("always [madvise] never") == "madvise"
    assert chosen("always") == ""


def test_a_governor_that_follows_the_load_could_be_better(look):
    assert brief(cpu.governor(look(governor="performance"))) == ("good", "performance")
    found = cpu.governor(look(governor="schedutil"))
    assert brief(found) == ("could be better", "schedutil")
    assert found.remedy == "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
    installed = look({"usr/bin/cpupower": ""}, governor="schedutil")
    assert cpu.governor(installed).remedy == "sudo cpupower frequency-set -g performance"
    assert cpu.governor(look()).standing == "not known"


def test_powersave_is_the_lowest_clock_but_for_drivers_that_scale_under_that_name(look):
    assert cpu.governor(look(governor="powersave")).standing == "bad"
    scaling = look({f"{CPUS}/cpu0/cpufreq/scaling_driver": "intel_pstate"}, governor="powersave")
    assert brief(cpu.governor(scaling)) == ("could be better", "powersave (intel_pstate)")


@pytest.mark.parametrize(
    ("file", "on", "off"), [(f"{CPUS}/cpufreq/boost", "1", "0"), (f"{CPUS}/intel_pstate/no_turbo", "0", "1")]
)
def test_turbo_is_read_from_either_switch(look, file, on, off):
    found = cpu.boost(look({file: on}))
    assert (*brief(found), found.remedy) == ("could be better", "on", f"echo {off} | sudo tee /{file}")
    assert brief(cpu.boost(look({file: off}))) == ("good", "off")


def test_without_a_switch_turbo_is_not_known(look):
    assert cpu.boost(look()).standing == "not known"


def clocks(now, highest, capped):
    names = {"scaling_cur_freq": now, "cpuinfo_max_freq": highest, "scaling_max_freq": capped}
    return {f"{CPUS}/cpu0/cpufreq/{name}": value for name, value in names.items()}


def test_the_clock_is_compared_with_the_highest_and_with_a_cap(look):
    assert brief(cpu.frequency(look(clocks(1_900_000, 2_000_000, 2_000_000)))) == (
        "good",
        "1.9 GHz of 2 GHz right after work",
    )
    assert cpu.frequency(look(clocks(1_500_000, 2_000_000, 2_000_000))).standing == "could be better"
    capped = cpu.frequency(look(clocks(1_000_000, 2_000_000, 1_000_000)))
    assert capped.because == "somebody capped it at 1 GHz"
    assert capped.remedy == "echo 2000000 | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq"


def test_siblings_are_named(look):
    assert cpu.siblings(look()).standing == "not known"
    files = {f"{CPUS}/smt/active": "1", f"{CPUS}/smt/control": "on"}
    pairs = {f"{CPUS}/cpu{n}/topology/thread_siblings_list": f"{n % 2},{n % 2 + 2}" for n in range(4)}
    found = cpu.siblings(look({**files, **pairs}))
    assert brief(found) == ("could be better", "on; siblings 0,2; 1,3")
    assert found.remedy == "echo off | sudo tee /sys/devices/system/cpu/smt/control"


def test_smt_that_is_off_is_good(look):
    assert brief(cpu.siblings(look({f"{CPUS}/smt/active": "0", f"{CPUS}/smt/control": "off"}))) == ("good", "off")
    unsupported = {f"{CPUS}/smt/active": "0", f"{CPUS}/smt/control": "notsupported"}
    assert brief(cpu.siblings(look(unsupported))) == ("good", "none")


def allowed(cpus, **files):
    return {"proc/self/status": f"Name:\tx\nCpus_allowed_list:\t{cpus}", f"{CPUS}/online": "0-3", **files}


def test_isolation_is_good_only_for_who_runs_there(look):
    files = {f"{CPUS}/isolated": "2-3", f"{CPUS}/nohz_full": "2-3"}
    inside = cpu.isolation(look(allowed("3", **files)))
    assert brief(inside) == ("good", "runs on 3; isolcpus 2-3, nohz_full 2-3")
    outside = cpu.isolation(look(allowed("0-1", **files)))
    assert (outside.standing, outside.remedy) == ("could be better", "assess measure --cpus 2-3 ...")


def test_without_isolation_the_last_cpu_is_offered(look):
    found = cpu.isolation(look(allowed("0-3", **{f"{CPUS}/nohz_full": "(null)"})))
    assert found.found == "runs on 0-3; isolcpus none, nohz_full none"
    assert found.remedy == "assess measure --cpus 3-3 ...  # for good: isolcpus=3 nohz_full=3 at boot"
    assert cpu.isolation(look({**allowed("0"), f"{CPUS}/online": "0"})).remedy == ""


def test_the_deepest_idle_state_that_is_enabled_counts(look):
    assert cpu.idle_states(look()) is None
    states = [("POLL", 0, 0), ("C1", 2, 0), ("C6", 133, 0), ("C10", 890, 1)]
    files = {}
    for number, (name, latency, disable) in enumerate(states):
        folder = f"{CPUS}/cpu0/cpuidle/state{number}"
        files |= {f"{folder}/name": name, f"{folder}/latency": latency, f"{folder}/disable": disable}
    found = cpu.idle_states(look(files))
    assert brief(found) == ("could be better", "deepest C6, 133 us to leave it")
    assert found.remedy == "sudo cpupower idle-set -D 100"
    assert cpu.idle_states(look({f"{CPUS}/cpu0/cpuidle/state2/disable": 1})).found == "deepest C1, 2 us to leave it"


@pytest.mark.parametrize(
    ("nice", "priority", "policy", "standing", "found"),
    [
        (0, 0, 0, "could be better", "other, nice 0"),
        (10, 0, 0, "bad", "other, nice 10"),
        (0, 0, 5, "bad", "idle, nice 0"),
        (0, 50, 1, "good", "FIFO, priority 50"),
    ],
)
def test_the_scheduling_class_is_read_behind_any_name(look, nice, priority, policy, standing, found):
    text = STAT.format(rt=20, nice=nice, priority=priority, policy=policy)
    assert brief(scheduler.scheduling_class(look({"proc/self/stat": text}))) == (standing, found)


def test_an_unreadable_scheduling_class_is_not_known(look):
    assert scheduler.scheduling_class(look()).standing == "not known"
    assert scheduler.scheduling_class(look({"proc/self/stat": "1 (x) R 1 1"})).standing == "not known"


def test_load_is_judged_by_the_cpus_that_are_left(look):
    assert brief(scheduler.load(look(load=0.4, cores=4))) == ("good", "0.40 over the last minute on 4 CPUs")
    assert scheduler.load(look(load=6.0, cores=64)).standing == "good"
    assert scheduler.load(look(load=2.9, cores=4)).standing == "could be better"
    assert scheduler.load(look(load=3.1, cores=4)).standing == "bad"
    assert scheduler.load(look(load=0.6, cores=1)).found == "0.60 over the last minute on 1 CPU"
    assert scheduler.load(look(absent={"load": "no /proc/loadavg"})).because == "no /proc/loadavg"


@pytest.mark.parametrize(("lost", "standing"), [(0.01, "good"), (0.1, "could be better"), (0.11, "bad")])
def test_a_lost_hundredth_is_seen_and_a_lost_tenth_is_bad(look, lost, standing):
    assert scheduler.run_queue(look(floor=floor(run_queue_wait=lost))).standing == standing
    assert scheduler.own_share(look(cpu_share=1 - lost + 1e-12)).standing == standing


def test_what_was_not_measured_is_not_known(look):
    assert scheduler.run_queue(look()).because == "the floor was not measured"
    assert scheduler.run_queue(look(floor=floor())).because == "no /proc/thread-self/schedstat"
    assert scheduler.own_share(look(cpu_share=None)).standing == "not known"


def test_steal_is_what_was_stolen_between_two_looks(look):
    before = scheduler.cpu_times("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1")
    after = scheduler.cpu_times("cpu  150 0 60 1700 10 0 5 75 9 0\ncpu0 1")
    assert (before, after) == ((1000, 35), (2000, 75))
    assert scheduler.stolen(before, after) == 0.04
    assert scheduler.stolen(before, before) is None
    assert scheduler.cpu_times("intr 1 2 3") is None
    assert brief(scheduler.steal(look(steal=0.04))) == ("bad", "4.00% of the CPU time while the floor was measured")
    assert scheduler.steal(look(steal=0.005)).standing == "could be better"
    assert scheduler.steal(look(steal=0.0)).standing == "good"
    assert scheduler.steal(look()).standing == "not known"


def test_the_timer_slack_is_that_of_the_worker(look):
    assert brief(scheduler.timer_slack(look(runtime=Runtime(timer_slack_ns=1)))) == ("good", "1 ns in the worker")
    refused = scheduler.timer_slack(look(runtime=Runtime(timer_slack_ns=50_000)))
    assert brief(refused) == ("could be better", "50 us in the worker")
    assert scheduler.timer_slack(look()).standing == "not known"


def zone(number, kind, now, *trips):
    folder = f"sys/class/thermal/thermal_zone{number}"
    files = {f"{folder}/type": kind, f"{folder}/temp": now}
    for index, (trip, at) in enumerate(trips):
        files |= {f"{folder}/trip_point_{index}_type": trip, f"{folder}/trip_point_{index}_temp": at}
    return files


def test_the_zone_nearest_to_its_trip_point_counts(look):
    files = zone(0, "cpu", 60_000, ("active", 40_000), ("passive", 85_000), ("critical", 100_000))
    found = heat.temperature(look(files))
    assert brief(found) == ("good", "cpu 60.0 °C, slowed or stopped from 85.0 °C on")
    near = heat.temperature(look(zone(1, "gpu", 76_500, ("hot", 85_000))))
    assert brief(near) == ("could be better", "gpu 76.5 °C, slowed or stopped from 85.0 °C on")
    assert heat.temperature(look(zone(1, "gpu", 86_000, ("hot", 85_000)))).standing == "bad"


def test_a_zone_without_a_trip_point_says_nothing(look):
    # Some firmware writes a trip point of 0 or -274 °C for one that it does not use.
    assert heat.temperature(look(zone(0, "acpitz", 30_000, ("critical", 0)))).standing == "not known"


def test_throttling_now_is_bad_and_since_boot_a_warning(look):
    count = f"{CPUS}/cpu0/thermal_throttle/core_throttle_count"
    assert heat.throttling(look()).standing == "not known"
    assert brief(heat.throttling(look({count: 0}))) == ("good", "none")
    assert brief(heat.throttling(look({count: 7}))) == ("could be better", "not now; core throttle count 7")
    fan = {"sys/class/thermal/cooling_device0/type": "cpufreq-cpu0", "sys/class/thermal/cooling_device0/cur_state": 2}
    assert brief(heat.throttling(look(fan))) == ("bad", "now, says cooling devices")


def meminfo(total=1000, free=1000):
    return {"proc/meminfo": f"MemTotal: 16000 kB\nSwapTotal:  {total} kB\nSwapFree:   {free} kB"}


def test_swap_in_use_could_be_better(look):
    assert memory.swap(look()).standing == "not known"
    assert brief(memory.swap(look(meminfo(0, 0)))) == ("good", "none")
    files = {**meminfo(2_000_000, 1_500_000), "proc/swaps": "/dev/zram0 partition", "proc/sys/vm/swappiness": "60"}
    found = memory.swap(look(files))
    assert brief(found) == ("could be better", "512 MB of 2.05 GB used, zram, swappiness 60")
    assert found.remedy == "sudo swapoff -a  # until the next start"
    assert memory.swap(look(meminfo())).standing == "good"


def test_memory_is_measured_against_what_the_container_may_use(look):
    size = {"memory_bytes": 8 * 10**9}
    assert brief(memory.available(look(available_bytes=2 * 10**9, **size))) == ("good", "2 GB available of 8 GB")
    assert memory.available(look(available_bytes=10**9, **size)).standing == "could be better"
    assert memory.available(look(available_bytes=10**8, **size)).standing == "bad"
    inside = {"proc/self/cgroup": "0::/box", "sys/fs/cgroup/box/memory.max": 2 * 10**9}
    assert brief(memory.available(look(inside, available_bytes=10**9, **size))) == (
        "good",
        "1 GB available of 2 GB that the container may use (8 GB in all)",
    )
    assert memory.available(look(memory_bytes=None)).standing == "not known"


def test_huge_pages_that_move_memory_in_a_fault_could_be_better(look):
    folder = "sys/kernel/mm/transparent_hugepage"
    assert memory.huge_pages(look()).standing == "not known"
    files = {f"{folder}/enabled": "[always] madvise never", f"{folder}/defrag": "[always] defer madvise never"}
    found = memory.huge_pages(look(files))
    assert found.standing == "could be better"
    assert found.remedy == f"echo madvise | sudo tee /{folder}/defrag"
    assert memory.huge_pages(look({f"{folder}/defrag": "always defer [madvise] never"})).standing == "good"


def test_two_nodes_are_good_only_for_who_stays_on_one(look):
    nodes = "sys/devices/system/node"
    assert memory.numa(look()).standing == "not known"
    assert brief(memory.numa(look({f"{nodes}/online": "0"}))) == ("good", "one node")
    files = {f"{nodes}/online": "0-1", f"{nodes}/node0/cpulist": "0-3", f"{nodes}/node1/cpulist": "4-7"}
    status = "Cpus_allowed_list:\t{}\nMems_allowed_list:\t{}"
    spread = memory.numa(look({**files, "proc/self/status": status.format("0-7", "0-1")}))
    assert brief(spread) == ("could be better", "2 nodes; runs on 0, 1, memory from 0, 1")
    assert spread.remedy == "numactl --cpunodebind=0 --membind=0 assess measure ..."
    bound = memory.numa(look({"proc/self/status": status.format("4-7", "1")}))
    assert brief(bound) == ("good", "2 nodes; runs on 1, memory from 1")


def test_a_slow_clock_source_is_bad(look):
    folder = "sys/devices/system/clocksource/clocksource0"
    assert machine.clock_source(look()).standing == "not known"
    tsc = {f"{folder}/current_clocksource": "tsc", f"{folder}/available_clocksource": "tsc hpet acpi_pm"}
    assert brief(machine.clock_source(look(tsc, floor=floor()))) == ("good", "tsc, 40 ns a reading")
    hpet = machine.clock_source(look({f"{folder}/current_clocksource": "hpet"}))
    assert (hpet.standing, hpet.remedy) == ("bad", f"echo tsc | sudo tee /{folder}/current_clocksource")
    marked = {f"{folder}/current_clocksource": "hpet", f"{folder}/available_clocksource": "hpet acpi_pm"}
    assert "tsc=reliable" in machine.clock_source(look(marked)).remedy


def test_a_hypervisor_shows_by_its_flag_or_its_firmware(look):
    assert machine.hypervisor(look()).standing == "not known"
    assert brief(machine.hypervisor(look({"proc/cpuinfo": "flags\t: fpu vme"}))) == ("good", "none that shows itself")
    hidden = machine.hypervisor(look({"proc/cpuinfo": "flags\t: fpu hypervisor lahf_lm"}))
    assert brief(hidden) == ("could be better", "one that does not say its name")
    firmware = {"sys/class/dmi/id/sys_vendor": "QEMU", "sys/class/dmi/id/product_name": "Standard PC"}
    assert machine.hypervisor(look(firmware)).found == "QEMU Standard PC"


def test_a_cpu_quota_is_bad_once_it_stopped_us(look):
    group = "sys/fs/cgroup/box"
    assert machine.cpu_quota(look()).standing == "not known"
    files = {"proc/self/cgroup": "0::/box", f"{group}/cpu.max": "max 100000"}
    assert brief(machine.cpu_quota(look(files))) == ("good", "none")
    limited = {f"{group}/cpu.max": "150000 100000", f"{group}/cpu.stat": "nr_periods 9\nnr_throttled 0"}
    assert brief(machine.cpu_quota(look(limited))) == ("could be better", "1.5 CPUs, used up 0 times")
    stopped = look({f"{group}/cpu.stat": "nr_periods 9\nnr_throttled 1234"})
    assert brief(machine.cpu_quota(stopped)) == ("bad", "1.5 CPUs, used up 1,234 times")


def test_a_quota_of_the_first_kind_of_control_groups_is_read_too(look):
    group = "sys/fs/cgroup/cpu,cpuacct/box"
    files = {"proc/self/cgroup": "3:cpu,cpuacct:/box", f"{group}/cpu.cfs_quota_us": "50000"}
    found = machine.cpu_quota(look({**files, f"{group}/cpu.cfs_period_us": "100000"}))
    assert brief(found) == ("bad", "0.5 CPUs, used up 0 times")
    assert machine.cpu_quota(look({f"{group}/cpu.cfs_quota_us": "-1"})).standing == "good"


def test_a_battery_that_discharges_could_be_better(look):
    folder = "sys/class/power_supply"
    assert brief(machine.power_source(look())) == ("good", "no battery")
    mouse = {f"{folder}/hid0/type": "Battery", f"{folder}/hid0/scope": "Device", f"{folder}/hid0/status": "Discharging"}
    assert brief(machine.power_source(look(mouse))) == ("good", "no battery")
    laptop = {f"{folder}/BAT0/type": "Battery", f"{folder}/BAT0/status": "Discharging"}
    assert brief(machine.power_source(look(laptop))) == ("could be better", "a battery")
    assert brief(machine.power_source(look({f"{folder}/BAT0/status": "Charging"}))) == ("good", "mains")


def test_a_jetson_is_told_its_own_highest_mode(look):
    assert machine.jetson(look()) is None
    conf = "< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >"
    files = {"etc/nvpmodel.conf": conf, f"{CPUS}/cpu0/cpufreq/scaling_min_freq": 729_600}
    files |= {f"{CPUS}/cpu0/cpufreq/scaling_max_freq": 1_728_000}
    found = machine.jetson(look(files, power_mode="15W"))
    assert brief(found) == ("could be better", "power mode 15W, clocks not locked")
    assert found.remedy == "sudo nvpmodel -m 2 && sudo jetson_clocks"
    locked = look({f"{CPUS}/cpu0/cpufreq/scaling_min_freq": 1_728_000}, power_mode="MAXN_SUPER")
    assert brief(machine.jetson(locked)) == ("good", "power mode MAXN_SUPER, clocks locked")


def test_telemetry_must_be_off_in_the_worker(look):
    known = {"versions": {"onnxruntime": "1.32.0"}, "providers": ("AzureExecutionProvider", "CPUExecutionProvider")}
    quiet = runtime.onnx_runtime(look(runtime=Runtime(**known, telemetry=False)))
    assert brief(quiet) == ("good", "1.32.0 with CPUExecutionProvider; telemetry off")
    assert runtime.onnx_runtime(look(runtime=Runtime(**known))).standing == "bad"
    assert runtime.onnx_runtime(look()).standing == "not known"


def test_a_host_that_tells_nothing_breaks_no_reader_and_is_called_good_for_nothing_unread(look):
    found = conditions(look(absent={}))
    assert len(found) == len(READERS) - 3  # Neither a Jetson nor idle states, and no emulator.
    assert {condition.name for condition in found if condition.standing == "good"} == {"share of a CPU", "power source"}
    assert all(condition.because for condition in found if condition.standing == "not known")


def test_the_worst_come_first(look):
    found = [condition.standing for condition in conditions(look(load=99.0, governor="schedutil"))]
    assert found == sorted(found, key=STANDINGS.index)
    assert found[0] == "bad"


def test_this_host_is_read_whole():
    found = conditions(Look(Path("/"), builders.host()))
    assert len({condition.name for condition in found}) == len(found) >= len(READERS) - 3


def test_an_emulator_is_bad_and_a_processor_is_nothing_to_tell(look):
    assert processor.emulation(look()) is None
    found = processor.emulation(look(emulator="qemu-aarch64-st, in user mode"))
    assert (found.standing, found.found) == ("bad", "qemu-aarch64-st, in user mode")
    assert found.because.startswith("no time taken here is evidence of any processor")


def test_instruction_sets_are_told_and_bad_where_a_runtime_would_stumble(look):
    good = processor.instructions(look(instructions=("asimd", "asimddp")))
    assert (good.standing, good.found) == ("good", "asimd, asimddp")
    bad = processor.instructions(look(cpu="Cortex-A76", instructions=("asimd",), not_offered=("asimddp",)))
    assert (bad.standing, bad.found) == ("bad", "asimd")
    assert bad.because.startswith("asimddp not among them, though ONNX Runtime takes Cortex-A76 to have it")
    assert "/proc/cpuinfo" in bad.remedy
    assert processor.instructions(look(absent={"instruction sets": "no"})).because == "no"
