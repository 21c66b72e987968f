"""Options that several commands share, and how their words become values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from assess.errors import AssessError

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="An ONNX file, or the id of a shipped model.")]
DeviceOption = Annotated[list[str], typer.Option("--device", "-d", metavar="ID|FILE", help="Where it is to run.")]
WorkloadOption = Annotated[list[str], typer.Option("--workload", "-w", metavar="ID|FILE", help="The job it is to do.")]
DevicesOption = Annotated[
    list[str] | None,
    typer.Option("--device", "-d", metavar="ID|FILE", help="Where it is to run, repeatable; default: the partner's."),
]
WorkloadsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--workload", "-w", metavar="ID|FILE", help="The job it is to do, repeatable; default: the partner's."
    ),
]
PartnerOption = Annotated[
    str | None, typer.Option("--partner", "-p", metavar="ID|FILE", help="For whom; its policy is judged too.")
]
DimOption = Annotated[
    list[str] | None, typer.Option("--dim", metavar="NAME=N", help="Bind a symbolic dimension; repeatable.")
]
InputOption = Annotated[
    list[str] | None, typer.Option("--input", metavar="NAME=FILE.npy", help="Feed this array; repeatable.")
]
CardOption = Annotated[
    Path | None, typer.Option("--card", metavar="FILE", help="Model card; default: card.toml beside the model.")
]
ProfilesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--profiles",
        metavar="DIR",
        readable=False,  # It is told in our own words.
        help="Folder with devices/, workloads/, ... that come first; repeatable.",
    ),
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", metavar="FILE", help="Also write the report; .html .md .json .txt; repeatable."),
]
FormatOption = Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="What to print: see list formats.")]
SaveRunOption = Annotated[
    Path | None,
    typer.Option(
        "--save-run",
        metavar="FILE",
        help="Also write the run, for `assess judge`; with several workloads one file each: FILE-WORKLOAD.",
    ),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 1 on MARGINAL too.")]
FidelityOption = Annotated[bool, typer.Option("--fidelity", help="Also score it on the task of its card.")]
ThreadsOption = Annotated[int, typer.Option(min=0, max=1024, help="Intra-op threads; 0 leaves it to ONNX Runtime.")]
ProviderOption = Annotated[
    str, typer.Option(metavar="NAME", help="ONNX Runtime execution provider, e.g. CUDAExecutionProvider.")
]
OptimisationOption = Annotated[str, typer.Option(metavar="LEVEL", help="disabled, basic, extended or all.")]
CountOption = Annotated[
    int | None,
    typer.Option("--min-count", min=1, max=10**9, help="Timed frames, at least; default: what the job needs."),
]
DurationOption = Annotated[
    str | None, typer.Option("--min-duration", metavar="TIME", help='Timed span, at least, e.g. "2 s".')
]
TierOption = Annotated[
    str | None,
    typer.Option(
        "--tier", metavar="NAME", help="smoke 5 s, quick 30 s, standard 2 min, certify as needed, sustained 30 min."
    ),
]
SkipOption = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="PASS", help="Leave out: floor, start, outputs, memory or profile; repeatable."),
]
ProviderOptionOption = Annotated[
    list[str] | None,
    typer.Option("--provider-option", metavar="KEY=VALUE", help="Option of the execution provider; repeatable."),
]
CustomOpsOption = Annotated[
    list[str] | None,
    typer.Option("--custom-ops", metavar="FILE", help="Library of custom operators to load; repeatable."),
]
FullPlacementOption = Annotated[
    bool, typer.Option("--require-full-placement", help="Every operator is to run on the provider asked for.")
]
ReferenceOption = Annotated[
    str | None,
    typer.Option("--reference", metavar="MODEL|FILE", help="Compare outputs with this model, .npz or folder of .npy."),
]
SeedOption = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of generated inputs.")]
TimeoutOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Of reading the model (2 min), and of the run (10 min, or what it needs)."),
]
MemoryLimitOption = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help="Memory that the process running the model may take."),
]
RunnerOption = Annotated[
    str, typer.Option("--runner", metavar="NAME", help="trtexec, benchmark_app, benchmark_model or command runs it.")
]
RunnerCommandOption = Annotated[
    str, typer.Option("--runner-command", metavar="WORDS", help="The tool's path and further options; or the command.")
]
RunnerModelOption = Annotated[
    str, typer.Option("--runner-model", metavar="FILE", help="What the tool runs, if not the ONNX file.")
]
RunnerUnitOption = Annotated[
    str, typer.Option("--runner-unit", metavar="UNIT", help="s, ms, us or ns: of numbers that a command prints bare.")
]
CpusOption = Annotated[
    str | None,
    typer.Option(
        "--cpus", metavar="LIST|N|SHARE", help='CPUs of the process running the model: 0-1,3; 2; 0.5 or "50%".'
    ),
]
RealtimeOption = Annotated[
    bool, typer.Option("--nice-realtime", help="Run the model as SCHED_FIFO, with its memory locked.")
]
KeepOption = Annotated[
    str | None,
    typer.Option("--history", metavar="URL|FILE", envvar="ASSESS_HISTORY", help="Also keep it in a history."),
]


def one(words: Sequence[str], option: str) -> str:
    """The value of an option that may be given once.

    Raises:
        AssessError: it was given more often, and all but the last would be dropped in silence.
    """
    if len(words) != 1:
        hint = "measure once, then `assess judge run.json` for each" if option == "--device" else ""
        raise AssessError(f"is given {len(words)} times, one at a time is judged", where=option, hint=hint)
    return words[0]


def choice(word: str, allowed: Sequence[str], option: str) -> str:
    """A word that is one of the allowed ones; `option` is "--format", or an argument's name where there is no option.

    Raises:
        AssessError: it is none of them; the nearest is named, or all.
    """
    from assess.describe.suggestions import did_you_mean

    if word not in allowed:
        where = option if option.startswith("-") else ""
        what = option.lstrip("-").replace("-", " ").lower()
        raise AssessError(f"there is no {what} {word!r}", where=where, hint=did_you_mean(word, allowed))
    return word


def pairs(words: Sequence[str] | None, option: str) -> dict[str, str]:
    """Split NAME=VALUE words.

    Raises:
        AssessError: a word has no "=", no name or no value, or a name comes twice.
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, _, value = word.rpartition("=") if option == "--dim" else word.partition("=")
        if not name or not value:
            raise AssessError(f"{word!r} is not NAME=VALUE", where=option)
        if name in found:
            raise AssessError(f"{name!r} is given twice", where=option)
        found[name] = value
    return found


def dimensions(words: Sequence[str] | None) -> dict[str, int]:
    """Read --dim options.

    Raises:
        AssessError: a value is not a whole number of at least 1.
    """
    found = {}
    for name, value in pairs(words, "--dim").items():
        if not value.isascii() or not value.isdigit() or len(value) > 18 or int(value) < 1:  # Within 64 bits.
            raise AssessError(f"{name}={value:.40}: a dimension is a whole number of at least 1", where="--dim")
        found[name] = int(value)
    return found


def feeds(words: Sequence[str] | None) -> dict[str, Path]:
    """Read --input options."""
    return {name: Path(value) for name, value in pairs(words, "--input").items()}
