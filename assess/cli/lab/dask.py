"""What a command checks that reaches a lab: that Dask is there, and who else may reach the scheduler."""

from __future__ import annotations

import typer

from assess.errors import AssessError


def require_distributed() -> None:
    """Refuse what needs Dask where it is not installed.

    Raises:
        AssessError: says how it is.
    """
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise AssessError("a lab needs Dask", hint='pip install "assess[lab]"')


def warn_if_open(address: str) -> None:
    """Say on standard error that whoever reaches an address without TLS may run what they like."""
    from assess.lab.scheduler import is_open_to_others

    if is_open_to_others(address):
        typer.echo(
            f"note: {address} has no authentication: who reaches it can run any code on scheduler, workers and here; "
            "use tls:// (docs/lab.md)", err=True,
        )  # fmt: skip
