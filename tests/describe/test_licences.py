"""SPDX expressions, read and satisfied."""

from __future__ import annotations

import re

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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Apache 2.0", "did you mean 'Apache-2.0'?"),
        ("GPLv3", "did you mean 'GPL-3.0-only' or 'GPL-3.0-or-later'?"),
        ("BSD", "did you mean 'BSD-1-Clause', 'BSD-2-Clause' or 'BSD-3-Clause'?"),
        ("MITT", "did you mean 'MIT'?"),
    ],
)
def test_a_licence_as_people_write_it_is_told_as_spdx_spells_it(name, meant):
    with pytest.raises(ValueError, match=re.escape(f"names '{name}', which is not on the SPDX list; {meant}")):
        parse(name)


def _aliases() -> list[tuple[str, str]]:
    """Licences of the index with their names of the form LicenseRef-."""
    from license_expression import get_license_index

    return [
        (entry["spdx_license_key"], other)
        for entry in get_license_index()
        for other in entry.get("other_spdx_license_keys", ())
        if re.fullmatch("LicenseRef-[A-Za-z0-9.-]+", other)  # One has an underscore, which SPDX does not take.
    ]


def test_a_licence_of_ones_own_is_none_of_the_list_whatever_it_is_called() -> None:
    aliases = _aliases()
    assert len(aliases) > 200
    assert ("MIT", "LicenseRef-MIT-Discord") in aliases
    assert ("Apache-2.0", "LicenseRef-Apache-2.0") in aliases
    for listed, own in aliases:
        assert not parse(own).satisfied_by([listed]), own
        assert parse(own).satisfied_by([own]), own


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("AGPL-3.0", "AGPL-3.0-only"),
        ("GFDL-1.3+", "GFDL-1.3-or-later"),
        ("BSD-2-Clause-FreeBSD", "BSD-2-Clause-Views"),
    ],
)
def test_an_id_that_the_list_replaced_is_the_new_one(old: str, new: str) -> None:
    assert parse(old).text == new


@pytest.mark.parametrize("name", ["GPL", "BSD-2", "GPL 2.0+"])
def test_another_name_of_a_licence_is_none(name: str) -> None:
    with pytest.raises(NoExpressionError):
        parse(name)
