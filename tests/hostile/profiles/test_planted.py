"""One mistake in a copy of a shipped profile: exactly one complaint, on its line, with what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hostile.profiles.any_kind import ANY
from hostile.profiles.devices import DEVICES
from hostile.profiles.others import PARTNERS, RUNTIMES, STANDARDS, WORKLOADS
from hostile.profiles.plant import Mutation, Planted, Sound

from assess.describe.kinds import KINDS, kind_named
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.files import shipped

pytestmark = pytest.mark.slow

_FEWEST = 30
MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    "devices": (*ANY, *DEVICES),
    "workloads": (*ANY, *WORKLOADS),
    "partners": (*ANY, *PARTNERS),
    "runtimes": (*ANY, *RUNTIMES),
    "standards": (*ANY, *STANDARDS),
}
FILES = [file for kind in KINDS for file in sorted((shipped("profiles") / kind.folder).glob("*.toml"))]


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_each_mistake_has_its_one_complaint(file, tmp_path):
    sound = Sound.of(file, Library())
    planted = [(mutation, mutation(sound)) for mutation in MUTATIONS[sound.kind]]
    # Each in a folder of its own: a library reads a file once.
    applied = [(f"{number} {mutation.__name__}", one) for number, (mutation, one) in enumerate(planted) if one]
    assert len(applied) >= _FEWEST
    assert len({one.text for _, one in applied}) >= _FEWEST
    wrong = [said for name, one in applied if (said := _unlike(sound, name, one, tmp_path / name))]
    assert not wrong, "\n".join(wrong)


def test_each_mistake_can_be_made_in_some_file():
    library = Library()
    sounds = [Sound.of(file, library) for file in FILES]
    mutations = {mutation: kind.folder for kind in KINDS for mutation in MUTATIONS[kind.folder]}
    never = [
        mutation.__name__
        for mutation, kind in mutations.items()
        if not any(mutation(sound) for sound in sounds if mutation in ANY or sound.kind == kind)
    ]
    assert not never


def _unlike(sound: Sound, name: str, planted: Planted, folder: Path) -> str:
    """How what is told differs from what is expected; "" if it does not."""
    file = folder / sound.kind / f"{planted.name or sound.id}.toml"
    file.parent.mkdir(parents=True)
    file.write_bytes(planted.text if isinstance(planted.text, bytes) else planted.text.encode())
    for other in planted.beside:
        shutil.copy(other, file.parent)
    told = lint(file, sound.library, kind_named(sound.kind))
    file.unlink()
    if not planted.says:
        is_right = not told
    else:
        is_right = len(told) == 1 and planted.says in told[0].text
        is_right = is_right and (told[0].at.line if told[0].at else None, told[0].key) == (planted.line, planted.key)
    if is_right:
        return ""
    expected = f"{planted.line}: {planted.key}: {planted.says}" if planted.says else "nothing"
    return "\n".join([f"{name}: expected {expected}", *(f"  told {one.render('')}" for one in told)])
