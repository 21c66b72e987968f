"""What shows that a host is shared, from small copies of the files that kernels and container engines write."""

import os
from pathlib import Path

import pytest

from assess.measure.shared_host import advice, signs

GITHUB = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted"}
GITLAB = {"GITLAB_CI": "true", "CI_RUNNER_TAGS": '["gitlab-org", "saas-linux-small-amd64"]'}
FLAGGED = "processor\t: 0\nflags\t\t: fpu hypervisor sse2\n"
FOUR = "Name:\tpython\nCpus_allowed_list:\t0-3\n"


@pytest.fixture
def root(tmp_path):
    """A function that writes files below a folder and gives the folder."""

    def make(files):
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return make


def found(folder, environ=()):
    return [sign.found for sign in signs(folder, dict(environ))]


def version_2(quota, path="/"):
    folder = f"sys/fs/cgroup{path}".rstrip("/")
    return {"proc/self/cgroup": f"0::{path}\n", "proc/self/status": FOUR, f"{folder}/cpu.max": f"{quota}\n"}


def test_a_host_that_shows_nothing_gets_no_advice(root):
    plain = {
        "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu sse2\n",
        "proc/stat": "cpu  900 0 90 9000 0 0 0 0 0 0\n",
        **version_2("max 100000"),
    }
    assert advice(root(plain), {"CI": "true"}) == ()
    assert advice(root({}) / "nowhere", {}) == ()


def test_each_sign_says_what_it_does_and_what_helps(root):
    files = {"proc/cpuinfo": FLAGGED, ".dockerenv": "", "proc/stat": "cpu  500 0 100 300 0 0 0 100 0 0\n"}
    assert advice(root({**files, **version_2("150000 100000")}), {}) == (
        "guest of a hypervisor that does not give its name: its host may run others on the same CPUs, now and not"
        " later: two models in turns (--against) meet the same; or have the CPUs pinned",
        "CPU quota of 1.5 of 4 visible CPUs: a process that has used it up stands still for the rest of"
        " 100 ms; give the job whole CPUs (docker --cpuset-cpus; Kubernetes: requests = limits, a whole number)",
        "a container of Docker: others on the host share its CPUs and caches: two models in turns (--against) meet the"
        " same; or give it CPUs of its own",
        "other guests took 10% of the CPU time since the start: a stored baseline holds their share too:"
        " two models in turns (--against) bear the same",
    )


@pytest.mark.parametrize(("environ", "maker"), [(GITHUB, "GitHub"), (GITLAB, "GitLab")])
def test_a_hosted_runner_is_another_machine_each_time(root, environ, maker):
    # That it is a guest too goes without saying.
    assert advice(root({"proc/cpuinfo": FLAGGED}), environ) == (
        f"runner hosted by {maker}: its CPU changes from job to job, so that a stored baseline is never of this"
        " machine: compare with the model itself (--against)",
    )


@pytest.mark.parametrize(
    "environ",
    [
        {**GITHUB, "RUNNER_ENVIRONMENT": "self-hosted"},
        {"RUNNER_ENVIRONMENT": "github-hosted"},  # Left over in a shell: no job of GitHub.
        {**GITLAB, "CI_RUNNER_TAGS": '["gpu", "nosaas-x"]'},
        {"CI_RUNNER_TAGS": "saas-linux-small-amd64"},
    ],
)
def test_a_runner_of_ones_own_is_not_hosted(root, environ):
    assert found(root({}), environ) == []


def test_the_hypervisor_is_named_where_firmware_names_it(root):
    named = {"proc/cpuinfo": FLAGGED, "sys/class/dmi/id/sys_vendor": "QEMU\n"}
    assert found(root(named)) == ["guest of QEMU"]


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        ("50000 100000", ["CPU quota of 0.5 of 4 visible CPUs"]),
        ("300000 100000", ["CPU quota of 3 of 4 visible CPUs"]),
        ("400000 100000", []),  # All that it sees.
        ("max 100000", []),
        ("100000 0", []),
        ("1.5 100000", []),
        ("-1 100000", []),
        ("9" * 5000 + " 100000", []),
    ],
)
def test_a_quota_matters_below_the_cpus_that_are_visible(root, quota, said):
    assert found(root(version_2(quota, "/job"))) == said


def test_the_least_of_nested_quotas_counts(root):
    files = version_2("200000 100000", "/pod/job") | {"sys/fs/cgroup/pod/cpu.max": "100000 100000\n"}
    assert found(root(files)) == ["CPU quota of 1 of 4 visible CPUs"]


def test_version_1_has_quotas_in_a_tree_of_their_own(root):
    group = "sys/fs/cgroup/cpu/docker/1a2b"
    files = {
        "proc/self/cgroup": "4:memory:/docker/1a2b\n3:cpu,cpuacct:/docker/1a2b\n",
        "proc/self/status": FOUR,
        "sys/fs/cgroup/memory/docker/1a2b/memory.limit_in_bytes": "1\n",
        f"{group}/cpu.cfs_quota_us": "250000\n",
        f"{group}/cpu.cfs_period_us": "100000\n",
    }
    assert found(root(files)) == ["CPU quota of 2.5 of 4 visible CPUs"]


def test_without_the_number_of_cpus_any_quota_is_told(root):
    files = version_2("400000 100000")
    del files["proc/self/status"]
    assert found(root(files)) == ["CPU quota of 4"]


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (".dockerenv", "a container of Docker"),
        ("run/.containerenv", "a container of Podman"),
        ("var/run/secrets/kubernetes.io/serviceaccount/namespace", "a container of Kubernetes"),
    ],
)
def test_engines_leave_a_file(root, file, what):
    assert found(root({file: ""})) == [what]


@pytest.mark.parametrize(
    ("stolen", "said"),
    [(9, []), (10, ["other guests took 1% of the CPU time since the start"]), ("x", [])],
)
def test_steal_is_told_from_a_hundredth_on(root, stolen, said):
    busy = 990 if stolen == 10 else 991
    assert found(root({"proc/stat": f"cpu  {busy} 0 0 0 0 0 0 {stolen} 0 0\n"})) == said


def test_this_host_can_be_read():
    for sign in signs(Path("/"), os.environ):
        assert f"{sign.found}{sign.advice}".isprintable()
        assert str(sign) in advice()
