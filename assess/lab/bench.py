"""One case on a worker: lay out what was sent, measure it, answer in text; whatever goes wrong is an answer too."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from assess import __version__
from assess.describe.authored import parse
from assess.describe.graph import from_json
from assess.describe.library import Library, card_beside
from assess.describe.workload import Job, Workload
from assess.errors import AssessError, UnreachableError
from assess.lab.parcel import request_of
from assess.lab.store import Fetch, Store
from assess.measure.alone import alone
from assess.measure.interruption import was_stopped
from assess.measure.measurement import Measurement, Settings
from assess.measure.plain import decode
from assess.measure.record import to_json
from assess.measure.timed_run import OnProgress
from assess.pipeline import Subject, run

#: Measures a model for a job: on this host, or on a target that is reached from it.
Measure = Callable[[Subject, Job, Settings, Library, OnProgress], Measurement]
#: What an answer holds after its first line: a run; why there is none; why nothing can be measured there at all.
Kind = Literal["run", "refused", "unfit", "stopped", "bug"]
KINDS: Final[tuple[Kind, ...]] = ("run", "refused", "unfit", "stopped", "bug")


@dataclass(slots=True)
class Bench:
    """Where a worker measures.

    Attributes:
        measure: on what it measures.
        store: of files that it was sent.
        library: of what is named by an id.
        version: of `assess`, which must be that of whoever asks.
        given_up: sessions that were ended, whose runs are to stop; None in it stands for all.
    """

    measure: Measure
    store: Store
    library: Library = field(default_factory=Library)
    version: str = __version__
    given_up: set[str | None] = field(default_factory=set)

    def answer(self, request: str, session: str, fetch: Fetch, tell: OnProgress) -> str:
        """Measure what is requested: the answer's kind in its first line, then the run or, as JSON, why there is none.

        Args:
            request: as it was packed.
            session: who asks.
            fetch: gets the files that are not kept here.
            tell: told the progress.
        """

        def told(what: str, done: float | None, left_s: float | None) -> None:
            if not self.given_up.isdisjoint({None, session}):
                raise KeyboardInterrupt("SIGINT")
            tell(what, done, left_s)

        try:
            found = self._measured(request, fetch, told)
            # What there is of it when a worker leaves is no run: another worker makes one.
            return _answer("stopped", "{}") if was_stopped(found) else _answer("run", to_json(found))
        except KeyboardInterrupt:
            return _answer("stopped", "{}")
        except UnreachableError as error:  # The board's fault, and so of all cases that would come here.
            return _answer("unfit", _why(error.problem, error.where, error.hint))
        except AssessError as error:
            return _answer("refused", _why(error.problem, error.where, error.hint))
        except UnfitError as error:
            return _answer("unfit", _why(str(error)))
        except OSError as error:  # A full disk: not this case's fault.
            return _answer("unfit", _why(f"{error.strerror or error}", str(error.filename or "")))
        except Exception as bug:
            traceback.print_exc(file=sys.stderr)
            return _answer("bug", _why(f"{type(bug).__name__}: {bug}".rstrip(": ")))

    def _measured(self, text: str, fetch: Fetch, tell: OnProgress) -> Measurement:
        request = request_of(text)
        if request["tool"] != self.version:
            raise UnfitError(f"it has assess {self.version}, what is asked comes from {request['tool']}")
        with self.store.case() as folder, _without(folder):
            tell("fetching the model", None, None)
            subject, job = _laid_out(request, folder, self.store, fetch)
            settings = decode(Settings, request["settings"], "settings")
            return self.measure(subject, job, settings, self.library, tell)


class UnfitError(Exception):
    """A worker can measure nothing of what this client asks; the message says why."""


def on_this_host(who: str) -> Measure:
    """Measures on the host of the worker, with no other timed run of this user beside it; `who` is told to those."""

    def measure(subject: Subject, job: Job, settings: Settings, library: Library, tell: OnProgress) -> Measurement:
        def wait(holder: str) -> None:
            tell(f"waiting for another timed run on this host: {holder}", None, None)

        with alone(who, wait):
            return run(subject, job, settings, feeds={}, library=library, on_progress=tell)

    return measure


def _laid_out(request: Mapping[str, Any], folder: Path, store: Store, fetch: Fetch) -> tuple[Subject, Job]:
    """The model and the job, with their files in a folder of this case."""
    model, job = request["model"], request["job"]
    around, beside_job = folder / (Path(model["folder"]).name or "model"), folder / "workload"
    if around == beside_job:
        around = folder / "model"
    for place, files in ((around, model["files"]), (beside_job, job["files"])):
        place.mkdir()
        store.lay_out(place, files, request["sizes"], fetch)
    facts = from_json(model["facts"])
    path = around / facts.files[0].name
    authored = job["authored"]
    workload = parse(authored, Workload, f"the workload {job['id']}").model_copy(update={"id": job["id"]})
    return Subject(path, card_beside(path), around, facts), Job(workload, authored, beside_job)


@contextmanager
def _without(folder: Path) -> Iterator[None]:
    """Tell errors without the folder of the case, which nobody has seen and which is gone."""
    try:
        yield
    except AssessError as error:
        where, problem = (text.replace(f"{folder}/", "") for text in (error.where, error.problem))
        raise type(error)(problem, where=where, hint=error.hint) from error


def _answer(kind: Kind, text: str) -> str:
    return f"{kind}\n{text}"


def _why(problem: str, where: str = "", hint: str = "") -> str:
    return json.dumps({"problem": problem, "where": where, "hint": hint})
