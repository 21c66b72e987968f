"""The arithmetic of attribution, in exact numbers."""

from dataclasses import asdict, replace

import pytest

from assess.measure.attribution import Attribution, Growth, Life, Looks, Parts, attribute, growth
from assess.measure.plain import decode
from assess.measure.resident import Resident

LIFE = Life(
    loaded=Resident(1900, 700),
    steady=Resident(2400, 750, swapped=7),
    trimmed=Resident(2100, 750),
    gone=Resident(1150, 750),
    load_peak=3000,
    run_peak=3400,
    input_bytes=40,
    output_bytes=10,
)
LOOKS = Looks(Resident(1000, 500), Resident(1100, 600), LIFE, Resident(1650, 750))
GROWTH = Growth(0.0, 5.0, 20_000)


def test_each_part_is_what_was_given_back():
    found = attribute(LOOKS, GROWTH, trimmed=True)
    assert found.at_steady == Parts(
        weights=500,  # 1650 - 1150
        arena=447 - 7,  # 2100 - 1150 - 500 - 10
        inputs_and_outputs=50,
        runtime=350,  # 100 left behind, 250 of code
        kept=307,  # 2400 + 7 swapped - 2100
        temporary=0,
        remainder=3,
    )
    assert (found.steady, found.at_steady.total) == (1650, 1650)
    assert found.at_load == Parts(
        weights=500, arena=0, inputs_and_outputs=40, runtime=300, kept=0, temporary=660, remainder=0
    )
    assert (found.load_peak, found.run_peak, found.swapped) == (1500, 1900, 7)


def test_mapped_pages_of_the_model_are_weights():
    life = LIFE._replace(steady=Resident(2400, 750, model=5000), loaded=Resident(1900, 700, model=900), load_peak=9000)
    found = attribute(LOOKS._replace(life=life), GROWTH, trimmed=True)
    assert (found.at_steady.weights, found.at_load.weights) == (5500, 1400)
    assert found.at_steady.total == found.steady == 6650


@pytest.mark.parametrize("gone", [0, 1150, 2100, 5000])
def test_parts_sum_whatever_was_seen(gone):
    found = attribute(LOOKS._replace(life=LIFE._replace(gone=Resident(gone, 0))), GROWTH, trimmed=True)
    assert found.at_steady.total == found.steady == 1650
    assert found.at_load.total == found.load_peak == 1500
    assert min(asdict(found.at_steady).values()) >= 0


def test_without_trimming_it_is_said_that_kept_is_not_told():
    assert attribute(LOOKS, GROWTH, trimmed=False).methods["kept"].startswith("not told")


def test_parts_that_do_not_sum_are_refused():
    found = attribute(LOOKS, GROWTH, trimmed=True)
    with pytest.raises(ValueError, match="parts at steady sum to 1650, not to 1651"):
        replace(found, steady=1651)


def test_an_attribution_survives_its_json():
    found = attribute(LOOKS, GROWTH, trimmed=True)
    assert decode(Attribution, asdict(found), "attribution") == found


def test_no_growth_is_told_with_its_noise():
    assert growth([(200 * look, 5000) for look in range(1, 101)]) == Growth(0.0, 32768 / 17_800 * 1e4, 17_800)


def test_a_leak_of_a_page_every_hundred_frames_is_found():
    found = growth([(200 * look, 10**6 + 2 * 4096 * look) for look in range(1, 101)])
    assert found.bytes_per_10000 == pytest.approx(409_600)
    assert found.is_real


@pytest.mark.parametrize("where", [1, 12, 55, 56, 80, 99])
def test_one_step_is_no_growth(where):
    found = growth([(200 * look, 10**6 + (2**20 if look > where else 0)) for look in range(1, 101)])
    assert found.bytes_per_10000 == 0.0
    assert not found.is_real


def test_steps_that_may_be_growth_are_noise():
    found = growth([(200 * look, 10**6 + 2**20 * (look // 40)) for look in range(1, 101)])
    assert found.noise_bytes > 2**18
    assert not found.is_real


def test_memory_that_falls_does_not_grow():
    assert growth([(200 * look, 10**6 - 4096 * look) for look in range(1, 101)]).bytes_per_10000 == 0.0


def test_without_growth_the_reason_is_told():
    assert growth([(look, 1) for look in range(1, 9)]) is None
    assert attribute(LOOKS, None, trimmed=True).absent == {"growth": "fewer than 9 looks in the time there was"}
