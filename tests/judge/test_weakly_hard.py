import random

import pytest

from assess.judge.weakly_hard import Contract, keeps, longest_run, most_in_any

#: At most 2 misses in any 100, never 2 in a row.
STRICT = Contract(at_most=2, in_any=100, in_a_row=1)


def missed_at(count, *indices):
    return [index in indices for index in range(count)]


def test_most_misses_in_any_window_are_found_by_sliding_it():
    assert most_in_any(missed_at(10, 0, 3, 4, 9), 3) == 2
    assert most_in_any(missed_at(10, 0, 3, 4, 6), 4) == 3
    assert most_in_any(missed_at(3, 0, 2), 100) == 2
    assert most_in_any([], 5) == 0


def test_sliding_is_the_same_as_counting_each_window():
    draw = random.Random(3)
    for _ in range(50):
        missed = [draw.random() < 0.3 for _ in range(60)]
        k = draw.randint(1, 60)
        assert most_in_any(missed, k) == max(sum(missed[i : i + k]) for i in range(60 - k + 1))


def test_a_kept_contract_is_held_and_says_how_little_that_certifies():
    found = keeps(missed_at(1000, 10, 60, 500), STRICT)
    assert (found.verdict, found.most, found.longest_run) == ("held", 2, 1)
    assert (found.windows, found.violating) == (10, 0)
    # 1 - 0.01 ** (1 / 10)
    assert found.share_bound == pytest.approx(0.36904, abs=1e-5)
    assert found.more == 45_900 - 1000


def test_459_windows_without_a_violation_certify_one_in_a_hundred():
    found = keeps([False] * 45_900, STRICT)
    assert (found.windows, found.more) == (459, 0)
    assert found.share_bound <= 0.01
    assert keeps([False] * 45_899, STRICT).share_bound > 0.01


def test_three_in_a_hundred_break_it_even_across_windows():
    found = keeps(missed_at(1000, 90, 95, 110), STRICT)
    assert (found.verdict, found.most, found.violating) == ("broken", 3, 0)
    assert keeps(missed_at(1000, 110, 150, 170), STRICT).violating == 1


def test_two_in_a_row_break_it():
    found = keeps(missed_at(1000, 90, 91), STRICT)
    assert (found.verdict, found.longest_run, found.violating) == ("broken", 2, 1)
    assert found.more == 66_200 - 1000


def test_too_few_frames_keep_nothing_but_may_break_it():
    assert keeps([False] * 99, STRICT).verdict == "too few frames"
    assert keeps([False] * 100, STRICT).verdict == "held"
    assert keeps(missed_at(50, 1, 2), STRICT).verdict == "broken"
    assert keeps([], Contract(in_a_row=3)).verdict == "too few frames"
    assert keeps([], STRICT).share_bound == 1.0


def test_a_contract_of_rows_only_is_tried_in_windows_of_a_hundred_or_ten_rows():
    assert (Contract(in_a_row=3).window, Contract(in_a_row=30).window) == (100, 300)
    found = keeps(missed_at(200, 7, 8, 9), Contract(in_a_row=3))
    assert (found.verdict, found.most, found.longest_run, found.windows) == ("held", 3, 3, 2)


def test_no_miss_at_all_may_be_asked():
    contract = Contract(at_most=0, in_any=10)
    assert keeps([False] * 10, contract).verdict == "held"
    assert keeps(missed_at(10, 3), contract).verdict == "broken"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"at_most": 2}, "together"),
        ({"in_any": 2}, "together"),
        ({}, "or all three"),
        ({"at_most": 1, "in_any": 0}, "at least 1"),
        ({"at_most": -1, "in_any": 5}, "at least 0"),
        ({"in_a_row": -1}, "at least 0"),
    ],
)
def test_a_contract_that_says_nothing_is_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        Contract(**settings)


def test_the_share_of_violating_windows_is_bounded_at_its_confidence():
    # 200 windows of 10 frames, each violating with exactly 3 %: then its first frame and the next miss.
    draw, wrong = random.Random(20261123), 0
    for _ in range(300):
        missed = []
        for _ in range(200):
            broken = draw.random() < 0.03
            missed += [broken, broken] + [False] * 8
        wrong += keeps(missed, Contract(at_most=1, in_any=10)).share_bound < 0.03
    # 3 on average at most; 9 is more than three standard deviations above that.
    assert wrong <= 9


def test_the_longest_run_is_that_of_the_certificate():
    assert longest_run(missed_at(6, 0, 1, 3, 4, 5)) == 3
