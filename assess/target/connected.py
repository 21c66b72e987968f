"""A target that is ready for jobs: it was asked what it is, and the kit is there."""

from __future__ import annotations

import getpass
import hashlib
import json
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.measure.detect.wheels import no_wheels
from assess.target.asking import NOBODY, Asked, Listener, heard, telling_of_loss, while_it_runs, whole
from assess.target.conversation import Conversation, talk
from assess.target.kit import Kit, bring, kit_of
from assess.target.link import Link
from assess.target.probe import LEAST_PYTHON, Probed, probe
from assess.target.protocol import SentFile, announced, sent_files
from assess.target.wheels import Wheels, fetch_wheels, kept_wheels

#: What a board is left: what runs there writes samples, too.
_SPARE_BYTES: Final = 32 * 2**20
#: Around a job: starting Python on a slow board, commands around it, what is sent back over a slow line.
_MORE_S: Final = 900.0
#: Of all that a job gives back; a run of a million samples has 10 MB.
_MOST_GIVEN_BYTES: Final = 2**30


@dataclass(slots=True)
class Board:
    """A target that is ready.

    Attributes:
        target: as its inventory has it.
        link: to it.
        probed: what it is.
        kit: tag of the kit there.
        sent_bytes: sent to it so far.
    """

    target: Target
    link: Link
    probed: Probed
    kit: str
    sent_bytes: int = 0

    def ask(self, asked: Asked, into: Path, listen: Listener = NOBODY) -> dict[str, Any]:
        """Have a job done there.

        Args:
            asked: the job.
            into: folder that its outputs are put into.
            listen: who is told what happens.

        Returns:
            What came of it: "answer", and the "commands" that were run around it.

        Raises:
            AssessError: the board refused it, or there is no room.
            UnreachableError: the link was lost.
            ProcessFailedError: what it ran failed.
            KeyboardInterrupt: it was stopped before there was anything to give.
        """
        message = self._message(asked)
        with telling_of_loss(self.target.name), talk(self.link, self._agent()) as there:
            there.say(message)
            state = heard(there.hear())
            self._send(there, state, asked, listen)
            if done := state.get("finished"):
                listen.wait(f"fetching what was done there at {str(done)[:40]}, before the link was lost")
            outcome = while_it_runs(there, listen, self._latest_s(asked))
            for file in self._files(outcome, asked.outputs):
                place = into / file.path
                place.parent.mkdir(parents=True, exist_ok=True)
                there.receive(file, place)
            there.say({"thanks": True})
        return whole(outcome)

    def _latest_s(self, asked: Asked) -> float:
        """When a job is over at the latest, by what the board itself was told."""
        waits_s = self.target.wait + self.target.cool_down if asked.measures else 0.0
        return asked.limit_s + waits_s + _MORE_S

    def _files(self, outcome: Mapping[str, Any], outputs: Sequence[str]) -> tuple[SentFile, ...]:
        try:
            files = sent_files(outcome.get("files", []))
        except ValueError as error:
            raise AssessError(f"gives what assess does not take: {error}", where=self.target.name) from error
        strange = [file for file in files if not any(f"{file.path}/".startswith(f"{output}/") for output in outputs)]
        if strange or sum(file.size for file in files) > _MOST_GIVEN_BYTES:
            raise AssessError(
                "gives files that it was not asked for, or far too large ones", where=self.target.name,
                hint="assess target clean, and once more; else the board is not what it seems",
            )  # fmt: skip
        return files

    def _message(self, asked: Asked) -> dict[str, Any]:
        """The job as it is told; the same question has the same key."""
        target = self.target
        question = {
            **asked.request,
            "call": asked.call,
            "files": announced(list(asked.files)),
            "outputs": list(asked.outputs),
            "limit_s": asked.limit_s,
            "is_kept": asked.is_kept,
        }
        if asked.measures:
            question |= {"before": target.before, "after": target.after, "cool_down_s": target.cool_down}
        text = json.dumps([question, self.kit], sort_keys=True, allow_nan=False)
        lock = {"who": who(), "wait_s": target.wait} if asked.measures else None
        return {**question, "key": hashlib.sha256(text.encode()).hexdigest()[:32], "lock": lock}

    def _agent(self) -> str:
        python, folder = self.probed.python, self.probed.folder
        assert python is not None
        site = f"{folder}/kit/{self.kit}/site"
        return (
            f"cd / && exec env PYTHONPATH={shlex.quote(site)} PYTHONNOUSERSITE=1 ORT_DISABLE_TELEMETRY=1 "
            f"{shlex.quote(python.path)} -m assess.target.board.agent {shlex.quote(folder)}"
        )

    def _send(self, there: Conversation, state: Mapping[str, Any], asked: Asked, listen: Listener) -> None:
        """Send what is missing there."""
        known = {file.sha256: (file, path) for file, path in asked.files.items()}
        missing = list(dict.fromkeys(map(str, _list(state.get("missing")))))
        if not known.keys() >= set(missing):
            raise AssessError("asks for files that it was not told of", where=self.target.name)
        wanted = [known[each] for each in missing]
        size, free = sum(file.size for file, _ in wanted), state.get("free_bytes")
        if isinstance(free, int) and size and size + _SPARE_BYTES > free:
            raise AssessError(
                f"has {free / 1e6:,.0f} MB free, {size / 1e6:,.0f} MB are to be sent", where=f"{self.target.name}: "
                f"{self.probed.folder}", hint=f"assess target clean {self.target.name}, or another `folder`",
            )  # fmt: skip
        sent = 0

        def count(piece: int) -> None:
            nonlocal sent
            sent += piece
            listen.progress(f"sending {size / 1e6:.1f} MB", sent / size if size else None, None)

        for file, path in wanted:
            there.send(path, file.size, count)
            self.sent_bytes += file.size


def connect(
    target: Target, listen: Listener = NOBODY, *, probed: Probed | None = None, cache: Path | None = None
) -> Board:
    """Reach a target, and bring the kit there unless it is there.

    Args:
        target: as its inventory has it.
        listen: who is told what happens.
        probed: what it is, where it was asked just now.
        cache: the folder of assess for what can be had again.

    Raises:
        AssessError: it cannot run assess, or has no room.
        UnreachableError: it cannot be reached.
    """
    link = Link(target.at)
    listen.progress(f"connecting to {target.name}", None, None)
    probed = probed or probe(link, target.folder, target.python)
    require_usable(target, probed)
    assert probed.python is not None
    kit = kit_of(wheels_for(probed, listen, cache=cache))
    board = Board(target, link, probed, kit.tag)
    if kit.tag not in probed.kits:
        listen.wait(f"sending {kit.size / 1e6:.0f} MB to {target.name}: assess and the wheels that it needs there")

        def sent(gone: int, whole: int) -> None:
            listen.progress(f"bringing the kit, {whole / 1e6:.0f} MB", gone / whole, None)

        board.sent_bytes += bring(link, kit, probed.folder, probed.python, probed.free_bytes, sent)
    return board


def kept_kit(probed: Probed, *, cache: Path | None = None) -> Kit | None:
    """The kit for a target, if the wheels for it are kept here; None if they would have to be fetched."""
    kept = kept_wheels(probed.machine, _python_of(probed), cache)
    return kit_of(kept) if kept else None


def wheels_for(probed: Probed, listen: Listener, *, cache: Path | None = None) -> Wheels:
    """The wheels for a target: those that are kept here, else they are fetched.

    Raises:
        AssessError: they cannot be fetched.
    """
    python = _python_of(probed)
    found = kept_wheels(probed.machine, python, cache)
    if found is None:
        listen.progress(f"fetching wheels for {probed.machine}, Python {python}", None, None)
        found = fetch_wheels(probed.machine, python, cache=cache)
    if found.note:
        listen.wait(f"note: {found.note}: assess target prepare --arch {probed.machine} --python {python} fetches anew")
    return found


def _python_of(probed: Probed) -> str:
    """As "3.11"."""
    assert probed.python is not None  # a target that has none is refused before
    return ".".join(map(str, probed.python.version[:2]))


def no_kit(probed: Probed) -> str:
    """Why a target can run nothing of ours, whatever is set up; "" if it can."""
    if probed.system != "Linux":
        return f"it runs {probed.system}"
    return no_wheels(probed.machine, probed.libc) or ("" if probed.python else "it has no Python that assess runs in")


def require_usable(target: Target, probed: Probed) -> None:
    """Refuse a target that assess cannot run on.

    Raises:
        AssessError: says why, and what to do.
    """
    if probed.system != "Linux":
        raise AssessError(f"runs {probed.system}: what is brought there is for Linux", where=target.name,
                          hint="install assess there and measure there; judge here: assess judge run.json")  # fmt: skip
    if reason := no_wheels(probed.machine, probed.libc):
        raise AssessError(reason, where=target.name)
    if probed.python is None and target.python and not probed.pythons:
        raise AssessError(f"{target.python} is no Python there", where=f"{target.name}: python",
                          hint="name another in the inventory, or leave it out: one is looked for then")  # fmt: skip
    if probed.python is None:
        found = ", ".join(f"{each.words} ({each.path})" for each in probed.pythons)
        least = ".".join(map(str, LEAST_PYTHON))
        raise AssessError(
            f"has no Python {least} or newer of 64 bits" + (f", only {found}" if found else ": none was found"),
            where=target.name,
            hint=f"install one there: sudo apt install python3, or uv python install {least}; one off its PATH "
            'is named in the inventory: `python = "/opt/python3.11/bin/python3"`; docs/targets.md',
        )
    if not probed.folder:
        raise AssessError(f"{target.folder} cannot be made or written to there", where=target.name,
                          hint='name another one in the inventory: `folder = "/data/assess"`')  # fmt: skip


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def who() -> str:
    """Who asks, as the lock of a board tells it to others."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container's user may have no name.
        user = "somebody"
    return f"{user} at {socket.gethostname()}"
