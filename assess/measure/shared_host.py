"""What shows that this host is a container or a runner shared with others, and what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assess.measure.conditions.scheduler import cpu_times
from assess.measure.detect.facts import Fact
from assess.measure.detect.processor import processors
from assess.measure.detect.system import virtualisation
from assess.measure.kernel_files import cpus_in, text_of, whole_number
from assess.sandbox import control_groups

#: Files that container engines put at the root: Docker; Podman and Buildah (containers/common, run/.containerenv).
_ENGINES: Final = (
    (".dockerenv", "a container of Docker"),
    ("run/.containerenv", "a container of Podman"),
    ("var/run/secrets/kubernetes.io", "a container of Kubernetes"),
)
#: A hundredth of the time moves a p99; an idle host gives less to others even where they are many.
_SOME_STEAL: Final = 0.01


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that shows others share this host.

    Attributes:
        found: what was found, a few words.
        advice: what it does to a gate and what helps, one sentence.
    """

    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.found}: {self.advice}"


def advice(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Each sign that this host is shared, with what to do; empty where nothing shows one.

    Args:
        root: folder that stands for "/".
        environ: variables of the environment, by which CI systems tell of their runners.
    """
    return tuple(str(sign) for sign in signs(root, environ))


def signs(root: Path, environ: Mapping[str, str]) -> tuple[Sign, ...]:
    """Each sign that this host is shared, the most telling first."""
    hosted = _hosted_runner(environ)
    # A hosted runner is always a guest; its own advice holds what follows from that.
    readers: tuple[Callable[[Path], Sign | None], ...] = (_quota, _container, _stolen)
    found = [hosted or _guest(root), *(read(root) for read in readers)]
    return tuple(sign for sign in found if sign is not None)


def _hosted_runner(environ: Mapping[str, str]) -> Sign | None:
    """A runner that the CI's own makers lend, another machine each time.

    GitHub: RUNNER_ENVIRONMENT of docs.github.com/actions/reference/variables-reference. GitLab: hosted runners are told
    by their tags, such as saas-linux-small-amd64 (docs.gitlab.com/ci/runners/hosted_runners/linux).
    """
    by = ""
    if environ.get("GITHUB_ACTIONS") == "true" and environ.get("RUNNER_ENVIRONMENT") == "github-hosted":
        by = "GitHub"
    elif environ.get("GITLAB_CI") == "true" and re.search(r"\bsaas-", environ.get("CI_RUNNER_TAGS", "")):
        by = "GitLab"
    if not by:
        return None
    return Sign(
        f"runner hosted by {by}",
        "its CPU changes from job to job, so that a stored baseline is never of this machine: compare with the model"
        " itself (--against)",
    )


def _guest(root: Path) -> Sign | None:
    found = virtualisation(root, processors(root))
    if not isinstance(found, Fact):
        return None
    return Sign(
        f"guest of {found.value}",
        "its host may run others on the same CPUs, now and not later: two models in turns (--against) meet the same; or"
        " have the CPUs pinned",
    )


def _quota(root: Path) -> Sign | None:
    """A quota of CPU time below the CPUs that can be seen (Documentation/admin-guide/cgroup-v2.rst, cpu.max)."""
    quotas = [cpus for folder in _cpu_groups(root) if (cpus := _cpus_of(folder)) is not None]
    visible = _visible(root)
    if not quotas or (visible and min(quotas) >= visible):
        return None
    of = f" of {visible} visible CPUs" if visible else ""
    return Sign(
        f"CPU quota of {min(quotas):g}{of}",
        "a process that has used it up stands still for the rest of 100 ms; give the job whole CPUs"
        " (docker --cpuset-cpus; Kubernetes: requests = limits, a whole number)",
    )


def _cpu_groups(root: Path) -> list[Path]:
    """Folders of the control groups that limit CPU time: those of memory, or in version 1 those of the same names."""
    mount = root / "sys/fs/cgroup"
    groups = control_groups(root)
    return [
        mount / "cpu" / folder.relative_to(mount / "memory") if folder.is_relative_to(mount / "memory") else folder
        for folder in groups
    ]


def _cpus_of(folder: Path) -> float | None:
    """CPUs that a control group may use; None for no limit."""
    quota, _, period = text_of(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = text_of(folder / "cpu.cfs_quota_us"), text_of(folder / "cpu.cfs_period_us")
    used, of = whole_number(quota), whole_number(period)
    return used / of if used is not None and of else None


def _visible(root: Path) -> int:
    """CPUs that this process may be put on; 0 where the kernel does not tell."""
    match = re.search(r"^Cpus_allowed_list:\s*(\S+)$", text_of(root / "proc/self/status"), re.MULTILINE)
    return len(cpus_in(match[1])) if match else 0


def _container(root: Path) -> Sign | None:
    for name, what in _ENGINES:
        if (root / name).exists():
            return Sign(
                what,
                "others on the host share its CPUs and caches: two models in turns (--against) meet the same;"
                " or give it CPUs of its own",
            )
    return None


def _stolen(root: Path) -> Sign | None:
    times = cpu_times(text_of(root / "proc/stat"))
    if times is None or not times[0]:
        return None
    share = times[1] / times[0]
    if share < _SOME_STEAL:
        return None
    return Sign(
        f"other guests took {share:.0%} of the CPU time since the start",
        "a stored baseline holds their share too: two models in turns (--against) bear the same",
    )
