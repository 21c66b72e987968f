"""`assess profile lint`: every problem of profiles at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import ProfilesOption, choice


def lint(
    files: Annotated[
        list[Path] | None,
        # What cannot be read is told as a problem of a file is.
        typer.Argument(
            metavar="FILE|FOLDER...",
            readable=False,
            help="Profiles, or folders of them; if left out, those that are looked in: your own, and what ships.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="NAME", help="What the files are, where neither folder nor keys tell."),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="text, json, github or sarif.")
    ] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings too.")] = False,
    profiles: ProfilesOption = None,
) -> None:
    """Check profiles: form, names, units, sources, and whether their numbers agree with each other.

    Without a file it checks every folder that profiles are looked for in: --profiles, ASSESS_PROFILES, ./profiles, and
    what ships. Errors make a file unusable (exit 2); warnings are told where something only looks wrong.

    Example: assess profile lint mine/devices/acme-rover.toml --format github
    """
    from assess import __version__
    from assess.cli.exit_codes import ExitCode
    from assess.cli.profile.cards import wrong_beyond
    from assess.describe.kinds import BESIDE_PROFILES, KINDS, MODEL, kind_named
    from assess.describe.library import Library, profile_folders
    from assess.describe.lint import CHECKS, files_in, files_looked_in
    from assess.describe.lint import lint as problems_of
    from assess.files import shipped
    from assess.report.problems import FORMS, Checked

    forms = {one.name: one for one in FORMS}
    form = forms[choice(format_, list(forms), "--format")]
    word = MODEL.name if kind == "card" else kind  # What describes a model.
    named = None if word is None else kind_named(word, where="--kind", among=(*KINDS, MODEL, *BESIDE_PROFILES))
    own = profile_folders(profiles or ())
    library = Library(own)
    wanted = files_in(files) if files else files_looked_in([*own, shipped("profiles")])
    checked = Checked(
        problems={str(file): problems_of(file, library, named, of_cards=wrong_beyond) for file in wanted},
        rules={check.rule: check.summary for check in CHECKS},
        tool=__version__,
    )
    typer.echo(form.render(checked), nl=False)
    if checked.errors:
        raise typer.Exit(ExitCode.BAD_INPUT)
    raise typer.Exit(ExitCode.NO if strict and checked.warnings else ExitCode.YES)
