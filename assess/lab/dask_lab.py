"""A lab whose scheduler is Dask's: hands in cases, gives workers the files that they ask for, and hears what comes."""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from distributed import Client, Future, LocalCluster, Queue
from distributed.scheduler import KilledWorker

from assess import __version__
from assess.lab.bench import Bench, on_this_host
from assess.lab.messages import Came, LabGoneError, LabWorker, Lost, Told
from assess.lab.parcel import Parcel
from assess.lab.scheduler import connected, quiet
from assess.lab.states import STATES, fresh
from assess.lab.store import PART_BYTES, Store
from assess.lab.task import BENCHES, RESOURCE, TOPIC, give_up, measure_case, replies_of

LOCAL: Final = "local"
_STATE_EVERY_S: Final = 2.0
_MOST_CHARACTERS: Final = 200
Pack = Callable[[int], Parcel]


class DaskLab:
    """The cases of one session in a scheduler's hands."""

    def __init__(self, client: Client, address: str, title: str, pack: Pack, name: Callable[[int], str]) -> None:
        """Begin a session.

        Args:
            client: of the scheduler.
            address: as it was typed.
            title: what the session is called in the lab's status.
            pack: makes a case's parcel when it is its turn.
            name: of a case, by its number.
        """
        self._client, self._address, self._title, self._pack, self._name = client, address, title, pack, name
        self._session = uuid4().hex
        self._futures: dict[int, Future[Any]] = {}
        self._sent = 0
        self._begun: dict[int, str] = {}
        self._files: dict[str, Path] = {}
        self._inbox: queue.SimpleQueue[tuple[Future[Any], Came | Lost] | Told] = queue.SimpleQueue()
        self._wanted: queue.SimpleQueue[tuple[str, int, str] | None] = queue.SimpleQueue()
        self._versions: dict[str, str | None] = {}
        self._told_s = float("-inf")
        self._server = threading.Thread(target=self._serve, name="assess-lab-files", daemon=True)
        self._server.start()
        client.subscribe_topic(TOPIC, self._on_event)
        self._drop_states()

    def close(self) -> None:
        """End the session."""
        self._wanted.put(None)
        if self._client.status == "running":
            with suppress(Exception):  # The scheduler may go in this moment; nothing depends on it.
                self._client.unsubscribe_topic(TOPIC)
                self._drop_states(self._session)

    def workers(self) -> Sequence[LabWorker]:
        """Who is there now, with the version of `assess` that each has."""
        found = workers_of(self._client, self._address)
        if unknown := [one for one in found if one.address not in self._versions]:
            self._versions |= versions_of(self._client, [one.address for one in unknown])
        return [with_version(one, self._versions) for one in found]

    def send(self, number: int, device: str, to: Sequence[str]) -> None:
        """Hand in a case; its parcel is made now, and not kept."""
        parcel = self._pack(number)
        self._files.update(parcel.files)
        self._sent += 1
        self._check()
        with _or_gone(self._address):
            future = self._client.submit(
                measure_case, parcel.request, self._session, number,
                key=f"assess-{self._session}-{self._sent} {self._name(number)}",
                resources={f"{RESOURCE}{device}": 1}, workers=list(to) or None, pure=False, retries=0,
            )  # fmt: skip
        self._futures[number] = future
        future.add_done_callback(partial(self._on_done, number))

    def hear(self, timeout_s: float) -> Came | Lost | Told | None:
        """What comes next of the cases that were not taken back."""
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                message = self._inbox.get(timeout=max(until_s - time.monotonic(), 0.0))
            except queue.Empty:
                self._check()
                return None
            if isinstance(message, Told):
                return message
            future, what = message
            if self._futures.get(what.number) is future:
                if isinstance(what, Lost):
                    self._check()
                del self._futures[what.number]
                return what

    def forget(self, number: int) -> None:
        """Take back a case."""
        if (future := self._futures.pop(number, None)) is not None:
            future.cancel()

    def stop(self) -> None:
        """Take back everything; workers stop what they run for us."""
        futures, self._futures = self._futures, {}
        if self._client.status != "running":
            return
        with suppress(Exception):  # It is being given up: what cannot be told any more ends by itself.
            self._client.cancel(list(futures.values()))
            there = {one.address for one in workers_of(self._client, self._address)}
            busy = sorted({self._begun[number] for number in futures if number in self._begun} & there)
            if busy:
                self._client.run(give_up, self._session, workers=busy, on_error="ignore")

    def tell_state(self, waiting: int, running: int, done: int) -> None:
        """Say how far we are, every two seconds."""
        now_s = time.monotonic()
        if now_s - self._told_s < _STATE_EVERY_S:
            return
        self._told_s = now_s
        state = {"title": self._title, "waiting": waiting, "running": running, "done": done, "at": time.time()}
        with _or_gone(self._address):
            self._client.set_metadata([STATES, self._session], state)

    def _drop_states(self, ended: str = "") -> None:
        """Take what ended sessions said out of a scheduler that runs for months; who is cut off by it says it again."""
        with suppress(Exception):  # It is about others: what is wrong with the scheduler is told where it matters.
            states = self._client.get_metadata([STATES], {})
            self._client.set_metadata([STATES], fresh(states, time.time(), ended))

    def _check(self) -> None:
        if self._client.status != "running":
            raise gone(self._address)

    def _on_done(self, number: int, future: Future[Any]) -> None:
        """Called by Dask in a thread of its own. What came is fetched at once: it is gone with its worker."""
        message: Came | Lost
        if future.status == "finished":
            try:
                message = Came(number, self._begun.get(number, ""), future.result())
            except Exception as error:  # A pickle, which is not loaded; or the worker left in this moment.
                message = Lost(number, f"its answer cannot be fetched: {error!s:.200}")
        elif future.status == "error":
            message = Lost(number, why_lost(future.exception()))
        else:
            message = Lost(number, "it was cancelled in the scheduler")
        future.release()
        self._inbox.put((future, message))

    def _on_event(self, event: Any) -> None:
        """Called on the client's event loop with what a worker says; what is of another form is not believed."""
        _, said = event
        if not isinstance(said, dict) or said.get("session") != self._session:
            return
        match said:
            case {"say": "begun", "number": int(number), "worker": str(worker)}:
                self._begun[number] = worker
            case {"say": "told", "number": int(number), "what": str(what), "left_s": int() | float() | None as left_s}:
                self._inbox.put(Told(number, what[:_MOST_CHARACTERS], left_s))
            case {"say": "want", "sha256": str(sha256), "offset": int(offset), "reply": str(reply)}:
                if reply.startswith(replies_of(self._session)):
                    self._wanted.put((sha256, offset, reply))

    def _serve(self) -> None:
        """Give workers parts of files that were announced to them, and of no others."""
        while (wanted := self._wanted.get()) is not None:
            sha256, offset, reply = wanted
            with suppress(Exception):  # The scheduler is gone: that is told elsewhere.
                Queue(reply, client=self._client).put(part_of(self._files.get(sha256), offset))


def part_of(path: Path | None, offset: int) -> bytes | str:
    """Bytes of a file, or why there are none."""
    if path is None or offset < 0:
        return "is no file of this session"
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(PART_BYTES)
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror or error}"


def workers_of(client: Client, address: str) -> list[LabWorker]:
    """Who is there, and what each offers."""
    with _or_gone(address):
        found = client.scheduler_info(n_workers=-1)["workers"]
    return [LabWorker(where, str(one["name"]), _devices(one["resources"])) for where, one in found.items()]


def _devices(resources: Mapping[str, float]) -> tuple[str, ...]:
    ids = (name.removeprefix(RESOURCE) for name, count in resources.items() if name.startswith(RESOURCE) and count >= 1)
    return tuple(sorted(ids))


def versions_of(client: Client, addresses: Sequence[str]) -> dict[str, str | None]:
    """The version of `assess` that workers have, by their addresses; None where there is none."""
    try:
        found: Any = client.get_versions(packages=["assess"])
        found = found["workers"]
    except Exception:  # One of them leaves in this moment: it is asked again when the others are.
        return {}
    return {one: found[one]["packages"].get("assess") for one in addresses if found.get(one)}


def with_version(worker: LabWorker, versions: Mapping[str, str | None]) -> LabWorker:
    """The worker, unfit if its `assess` is another one; what is not known yet is told when it is asked."""
    version = versions.get(worker.address, __version__)
    if version == __version__:
        return worker
    why = f"it has assess {version}, this is {__version__}" if version else "it has no assess"
    return LabWorker(worker.address, worker.name, worker.devices, why, worker.tasks)


def why_lost(error: Any) -> str:
    """Why the scheduler gave up a case."""
    if isinstance(error, KilledWorker):
        name = str(error.last_worker.name)
        times = error.allowed_failures + 1
        return f"its worker died each of the {times} times that it was tried, the last one was {name}"
    return f"it cannot be run there: {type(error).__name__}: {error!s:.200}"


def gone(address: str) -> LabGoneError:
    """What is said where the scheduler cannot be reached any more."""
    return LabGoneError("the scheduler is gone", where=address, hint="start it again, and go on with --resume")


@contextmanager
def _or_gone(address: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Dask raises what its network does.
        raise gone(address) from error


@contextmanager
def client_of(address: str, devices: Sequence[str], option: str = "--lab") -> Iterator[Client]:
    """A client of a scheduler, or of one in this process whose only worker is this host and offers some devices.

    Raises:
        AssessError: the scheduler cannot be reached.
    """
    if address != LOCAL:
        with connected(address, option) as client:
            yield client
        return
    quiet()
    with (
        tempfile.TemporaryDirectory(prefix="assess-") as folder,
        _local_cluster(devices, Path(folder)) as cluster,
        Client(cluster, set_as_default=False, deserializers=["dask", "msgpack"]) as client,
    ):
        yield client


@contextmanager
def _local_cluster(devices: Sequence[str], folder: Path) -> Iterator[LocalCluster]:
    """Scheduler and worker in this process, which talk without a network; Dask's own pages have no routes."""
    import dask

    nowhere = "127.0.0.1:0"
    with dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}):
        cluster = LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, memory_limit=0, local_directory=str(folder),
            resources={f"{RESOURCE}{device}": 1 for device in devices},
            dashboard_address=nowhere, worker_dashboard_address=nowhere, silence_logs=logging.CRITICAL + 1,
        )  # fmt: skip
    with cluster:
        (worker,) = cluster.workers.values()
        BENCHES[worker] = Bench(on_this_host("assess suite --lab local"), Store(folder / "store"))
        yield cluster


def check_lab(address: str) -> None:
    """Refuse, before any work, a lab that cannot be reached.

    Raises:
        AssessError: says why.
    """
    if address != LOCAL:
        with connected(address, "--lab"):
            pass


@contextmanager
def session(
    address: str, devices: Sequence[str], title: str, pack: Pack, name: Callable[[int], str]
) -> Iterator[DaskLab]:
    """A session with a lab.

    Args:
        address: of a scheduler, or "local".
        devices: that are wanted of it.
        title: what the session is called in the lab's status.
        pack: makes a case's parcel.
        name: of a case, by its number.

    Raises:
        AssessError: the scheduler cannot be reached.
    """
    with client_of(address, devices) as client:
        lab = DaskLab(client, address, title, pack, name)
        try:
            yield lab
        finally:
            lab.close()
