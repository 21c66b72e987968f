"""How much memory bandwidth is measured over, from the caches that a kernel lists."""

from assess.measure.calibration.working_set import last_level_cache_bytes, working_set_bytes

MIB = 2**20
GIB = 2**30


def cache(root, cpu, index, level, kind, size, shared):
    folder = root / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
    folder.mkdir(parents=True)
    for name, text in (("level", level), ("type", kind), ("size", size), ("shared_cpu_list", shared)):
        (folder / name).write_text(f"{text}\n")


def test_the_last_level_cache_is_all_of_its_level(tmp_path):
    assert last_level_cache_bytes(tmp_path) is None
    for cpu in range(4):
        cache(tmp_path, cpu, 0, 1, "Data", "32K", cpu)
        cache(tmp_path, cpu, 1, 1, "Instruction", "32K", cpu)
    assert last_level_cache_bytes(tmp_path) == 4 * 32 * 1024
    for cpu in range(4):  # Two dies, each with a cache that its two cores share.
        cache(tmp_path, cpu, 3, 3, "Unified", "32768K", "0-1" if cpu < 2 else "2-3")
    assert last_level_cache_bytes(tmp_path) == 64 * MIB


def test_a_cache_that_is_described_strangely_is_passed_over(tmp_path):
    cache(tmp_path, 0, 2, 2, "Unified", "1024K", "0")
    cache(tmp_path, 0, 3, 3, "Unified", "big", "0")
    cache(tmp_path, 0, 4, "four", "Unified", "1024K", "0")
    cache(tmp_path, 0, 6, 6, "Unified", "9" * 5000 + "K", "0")
    cache(tmp_path, 0, 7, 7, "Unified", "1024K", "0-x")
    cache(tmp_path, 0, 8, "9" * 5000, "Unified", "1024K", "0")
    cache(tmp_path, 0, 9, 9, "Marble", "1024K", "0")
    (tmp_path / "sys/devices/system/cpu/cpu0/cache/index9/level").write_bytes(b"\xff\xfe")
    (tmp_path / "sys/devices/system/cpu/cpu0/cache/index5").mkdir()
    assert last_level_cache_bytes(tmp_path) == MIB


def test_streams_go_over_eight_times_the_cache_or_less_where_memory_is_short():
    assert working_set_bytes(32 * MIB, 16 * GIB) == 256 * MIB
    assert working_set_bytes(32 * MIB, 640 * MIB) == 80 * MIB
    assert working_set_bytes(32 * MIB, 100 * MIB) == (
        "100 MiB of memory are free: too little to go over more than the last-level cache of 32 MiB holds"
    )
