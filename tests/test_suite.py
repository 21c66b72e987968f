"""A suite, on a real model: each model is measured once for each job."""

import pytest

from assess.describe.library import Library
from assess.suite import run_suite


@pytest.mark.slow
def test_a_suite_measures_each_model_once_for_each_job():
    suite = Library().suite("demo")
    outcomes = run_suite(suite, Library())
    assert [outcome.device.id for outcome in outcomes] == [case.device for case in suite.case]
    assert len({report.run_sha256 for report in outcomes}) == 1
