"""What `assess fit` judges a model for: devices and workloads that were named, else all those of the partner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device
    from assess.describe.library import Library
    from assess.describe.partner import Partner
    from assess.describe.workload import Job, Workload

T = TypeVar("T")


def folders_of(profiles: Sequence[Path] | None, partner: str | None) -> list[Path]:
    """Folders of profiles that were named; a partner given by its path brings the one that it lies in."""
    folders = list(profiles or ())
    if partner and partner.endswith(".toml") and (folder := Path(partner).resolve().parent).name == "partners":
        folders.append(folder.parent)
    return folders


def library_of(profiles: Sequence[Path] | None, partner: str | None) -> Library:
    """The library, with the folders that were named."""
    from assess.describe.library import Library, profile_folders

    return Library(profile_folders(folders_of(profiles, partner)))


def typed_again(options: Mapping[str, Iterable[object]]) -> tuple[str, ...]:
    """Options with their values, as words of a command line."""
    return tuple(word for option, values in options.items() for value in values for word in (option, str(value)))


def devices_of(named: Sequence[str] | None, partner: Partner | None, library: Library) -> list[Device]:
    """Where it is to run; what a partner lists twice is meant once.

    Raises:
        AssessError: nothing says where, one of them is not there, or one is typed twice.
    """
    words = _words(named, partner.devices if partner else (), "--device", "devices")
    return _each_once([library.device(word) for word in words], lambda device: device, "--device" if named else "")


def jobs_of(named: Sequence[str] | None, partner: Partner | None, library: Library) -> list[Job]:
    """What it is to do; what a partner lists twice is meant once.

    Raises:
        AssessError: nothing says what, one of them is not there, or one is typed twice.
    """
    from assess.pipeline import find_job

    words = _words(named, partner.workloads if partner else (), "--workload", "workloads")
    found = [find_job(word, library) for word in words]
    return _each_once(found, lambda job: job.workload, "--workload" if named else "")


def run_files(file: Path | None, jobs: Sequence[Job]) -> dict[str, Path]:
    """Where the run for each job is saved, by the job's id: the file itself for one, run-ID.json each for several."""
    if file is None:
        return {}
    if len(jobs) == 1:
        return {jobs[0].workload.id: file}
    return {job.workload.id: file.with_name(f"{file.stem}-{job.workload.id}{file.suffix}") for job in jobs}


def _words(named: Sequence[str] | None, of_partner: Sequence[str], option: str, what: str) -> Sequence[str]:
    if not named and not of_partner:
        raise AssessError("is missing", where=option, hint=f"name one, or with --partner the {what} of a partner")
    return named or of_partner


def _each_once(found: list[T], record: Callable[[T], Device | Workload], option: str) -> list[T]:
    """Each of them once; of those that an option names, twice is a slip that may stand for another one."""
    ids = [record(each).id for each in found]
    if option and (twice := [id_ for id_ in ids if ids.count(id_) > 1]):
        raise AssessError(f"{twice[0]!r} is named twice", where=option, hint="each is judged once: name it once")
    return list(dict(zip(ids, found, strict=True)).values())
