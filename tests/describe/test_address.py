"""Addresses of boards: what ssh can be given, and nothing that it would take for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.describe.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://pi@raspberrypi.local", Address("raspberrypi.local", "pi")),
        ("ssh://root@192.168.55.1:2222", Address("192.168.55.1", "root", 2222)),
        ("ssh://orin-desk", Address("orin-desk")),
        ("ssh://lab_rack_3:22", Address("lab_rack_3", port=22)),
        ("ssh://mio@lab.example@board-7", Address("board-7", "mio@lab.example")),
        ("ssh://pi@[fe80::1%eth0]:22", Address("fe80::1%eth0", "pi", 22)),
        ("ssh://[::ffff:10.0.0.1]", Address("::ffff:10.0.0.1")),
    ],
)
def test_an_address_is_parted_and_written_again(text, address):
    assert parse_address(text) == address
    assert str(address) == text


def test_ssh_is_told_the_user_only_where_there_is_one():
    assert parse_address("ssh://pi@board:22").destination == "pi@board"
    assert parse_address("ssh://board").destination == "board"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pi@board", "is no address; expected 'ssh://user@host:22'"),
        ("SSH://board", "is no address"),
        ("http://board", "is no address"),
        ("ssh://", "has no host that can be one"),
        ("ssh://pi@", "has no host"),
        ("ssh://-oProxyCommand=x", "has no host"),
        ("ssh://pi@-oProxyCommand", "has no host"),
        ("ssh://board-", "has no host"),
        ("ssh://bo ard", "has no host"),
        ("ssh://board\n", "has no host"),
        ("ssh://$(reboot)", "has no host"),
        ("ssh://`reboot`", "has no host"),
        ("ssh://a;b", "has no host"),
        ("ssh://" + "a" * 256, "has no host"),
        ("ssh://@board", "has no user that can be one before its '@'"),
        ("ssh://-l@board", "has no user"),
        ("ssh://a b@board", "has no user"),
        ("ssh://$USER@board", "has no user"),
        ("ssh://pi:secret@bo ard/x:0", "an address holds no password, nor a colon before its '@'"),
        ("ssh://board:0", "has no port from 1 to 65535"),
        ("ssh://board:65536", "has no port"),
        ("ssh://board:22a", "has no port"),
        ("ssh://board:", "has no port"),
        ("ssh://board:-1", "has no port"),
        ("ssh://board:٢٢", "has no port"),
        ("ssh://fe80::1", "has several colons; an IPv6 address stands in brackets"),
        ("ssh://[board]", "has no IPv6 address between its brackets"),
        ("ssh://[fe80::1", "has no IPv6 address"),
        ("ssh://[fe80::1]22", "has no IPv6 address"),
        ("ssh://[fe80::1%a;b]", "has no IPv6 address"),
        ("ssh://board/home/pi", "goes on behind the host; an address ends there"),
        ("ssh://board/", "goes on behind the host"),
    ],
)
def test_what_is_none_is_refused_with_the_part_that_is_wrong(text, said):
    with pytest.raises(ValueError, match=r"address|has") as raised:
        parse_address(text)
    assert said in str(raised.value)


@given(st.text(max_size=40))
def test_whatever_is_accepted_is_no_option_and_nothing_that_a_shell_expands(rest):
    try:
        found = parse_address(f"ssh://{rest}")
    except ValueError:
        return
    for part in (found.host, found.user, found.destination):
        assert not part.startswith("-")
        assert not set(part) & set(" \t\n'\"`$&|;<>(){}*?!\\~#")
    assert parse_address(str(found)) == found
