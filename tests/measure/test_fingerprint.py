"""Which hosts and settings are the same, as far as speed goes."""

from dataclasses import replace

import pytest

from assess.measure.fingerprint import deciding, fingerprint, machine_id, settings_key, speed_facts
from assess.measure.measurement import Host, Settings

HOST = Host("aarch64", 4, "Linux 6.6.31", board="Raspberry Pi 5", cpu="Cortex-A76", memory_bytes=8 * 2**30 - 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpu", "Cortex-A78AE"), ("cores", 2), ("os", "Linux 6.12.1"), ("power_mode", "MAXN"), ("governor", "powersave"),
     ("board", "Raspberry Pi 4"), ("architecture", "x86_64"), ("memory_bytes", 4 * 2**30)],
)  # fmt: skip
def test_another_speed_is_another_fingerprint(field, value):
    assert fingerprint(replace(HOST, **{field: value})) != fingerprint(HOST)


def test_what_changes_by_the_minute_does_not_count():
    later = replace(HOST, load=7.5, cpu_share=0.3, available_bytes=1, memory_bytes=8 * 2**30 - 70_000_000)
    assert fingerprint(later) == fingerprint(HOST)
    assert len(fingerprint(HOST)) == 16


def test_memory_is_in_whole_gib():
    assert speed_facts(HOST)["memory"] == "8 GiB"
    assert speed_facts(replace(HOST, memory_bytes=None))["memory"] == ""


def test_settings_that_run_a_model_in_another_way_have_another_key():
    usual = Settings()
    for changed in (
        {"threads": 2}, {"provider": "CUDAExecutionProvider"}, {"optimisation": "basic"}, {"seed": 1},
        {"provider_options": {"device_id": "1"}},
    ):  # fmt: skip
        assert settings_key(replace(usual, **changed)) != settings_key(usual)
    assert settings_key(replace(usual, min_count=5, timeout_s=1.0)) == settings_key(usual)


def test_a_machine_s_id_is_never_told_itself(tmp_path):
    (tmp_path / "etc").mkdir()
    assert machine_id(tmp_path) == ""
    (tmp_path / "etc/machine-id").write_text("b08dfa6083e7567a1921a715000001fb\n")
    told = machine_id(tmp_path)
    assert len(told) == 16 and told not in "b08dfa6083e7567a1921a715000001fb"
    (tmp_path / "etc/machine-id").write_text("0000000083e7567a1921a715000001fb\n")
    assert machine_id(tmp_path) != told


def test_an_emulator_is_no_machine_that_it_stands_for_and_the_others_keep_their_keys():
    assert fingerprint(replace(HOST, emulator="qemu-aarch64, in user mode")) != fingerprint(HOST)
    assert "emulator" not in speed_facts(HOST)


def test_limits_of_the_cpu_are_settings_that_decide_where_there_are_any():
    usual = Settings()
    assert settings_key(replace(usual, cpus="2")) != settings_key(usual)
    assert settings_key(replace(usual, realtime=True)) != settings_key(usual)
    assert not {"cpus", "realtime"} & deciding(usual).keys()
