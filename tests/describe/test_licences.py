"""SPDX expressions, read and satisfied."""

from __future__ import annotations

import pytest

from assess.describe.licences import NoExpressionError, parse


def test_an_expression_is_spelled_as_spdx_does() -> None:
    found = parse("mit or (apache-2.0 AND gpl-2.0-only with classpath-exception-2.0)")
    assert found.text == "MIT OR (Apache-2.0 AND GPL-2.0-only WITH Classpath-exception-2.0)"
    assert found.names == ("MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0")


@pytest.mark.parametrize(
    ("expression", "accepted", "satisfied"),
    [
        ("MIT", ["MIT"], True),
        ("MIT", [], False),
        ("MIT AND ISC", ["MIT"], False),
        ("MIT AND ISC", ["MIT", "ISC"], True),
        ("MIT AND (ISC OR 0BSD)", ["MIT", "0BSD"], True),
        ("MIT AND ISC OR 0BSD", ["0BSD"], True),
        ("LicenseRef-acme", ["LicenseRef-acme"], True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"], False),
    ],
)
def test_all_of_an_and_and_one_of_an_or(expression: str, accepted: list[str], satisfied: bool) -> None:
    assert parse(expression).satisfied_by(accepted) is satisfied


@pytest.mark.parametrize("text", ["", " ", "MIT OR", "(MIT", "MIT ISC", "NOASSERTION", "MIT/ISC", "x" * 501, "\0"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NoExpressionError):
        parse(text)
