"""The user's own ssh, as it is called, and what becomes of what it says."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from on_target import environment, log

from assess.describe.address import Address, parse_address
from assess.errors import AssessError, UnreachableError
from assess.target import link as module
from assess.target.link import Link

FAILURES = [
    ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
     "its host key is not the one that is known: nothing was sent", "ssh-keygen -R"),
    ("No ED25519 host key is known for orin and you have requested strict checking.\nHost key verification failed.",
     "its host key is not known here: nothing was sent", "the key that you are shown: ssh -p 2222 nvidia@orin"),
    ("nvidia@orin: Permission denied (publickey,password).", "it refuses the login", "ssh -p 2222 nvidia@orin"),
    ("Received disconnect from 10.0.0.2 port 22:2: Too many authentication failures", "it refuses the login", "keys"),
    ("ssh: Could not resolve hostname orin: Name or service not known", "its name cannot be resolved",
     "your ssh configuration"),
    ("ssh: connect to host orin port 2222: Connection refused",
     "it refuses the connection: no ssh server listens there", "check the port: ssh -p 2222 nvidia@orin"),
    ("ssh: connect to host orin port 2222: Connection timed out", "it cannot be reached", "on and connected"),
    ("ssh: connect to host orin port 2222: No route to host", "it cannot be reached", "on and connected"),
    ("ssh: connect to host orin port 22: Network is unreachable", "it cannot be reached", "on and connected"),
    ("Timeout, server orin not responding.\nclient_loop: send disconnect: Broken pipe",
     "the connection failed: client_loop: send disconnect: Broken pipe", "try: ssh"),
    ("/home/me/.ssh/config: line 3: Bad configuration option: prot", "ssh cannot read its configuration", "try: ssh"),
    ("kex_exchange_identification: Connection closed by remote host\n\n",
     "the connection failed: kex_exchange_identification: Connection closed by remote host", "try: ssh -p 2222"),
    ("", "the connection failed: ssh gave no reason", "try: ssh -p 2222 nvidia@orin"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "problem", "hint"), FAILURES, ids=range(len(FAILURES)))
def test_what_ssh_says_is_told_with_what_to_do(said, problem, hint):
    error = Link(parse_address("ssh://nvidia@orin:2222")).failure(said)
    assert (type(error), error.problem, error.where) == (UnreachableError, problem, "ssh://nvidia@orin:2222")
    assert hint in error.hint


def test_what_ssh_says_at_length_is_cut():
    assert len(Link(Address("orin")).failure("x" * 5000).problem) < 350


SSH = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
*"-O check"*) [ -e "$LOG.open" ]; exit;;
*"-O exit"*) rm -f "$LOG.open"; exit;;
*" -N "*) {connecting};;
*) {running};;
esac
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """Has an ssh of its own, which does what is told: `ssh(connecting, running)`; then the link to it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.delenv("ASSESS_SSH_CONFIG", raising=False)

    def write(connecting='touch "$LOG.open"', running="cat; exit 7", address="ssh://nvidia@orin:2222"):
        (programs / "ssh").write_text(SSH.format(connecting=connecting, running=running))
        (programs / "ssh").chmod(0o755)
        return Link(parse_address(address))

    write.log = lambda: (tmp_path / "log").read_text().splitlines()
    return write


def test_a_command_gets_its_input_and_gives_its_output(ssh):
    ran = ssh(running="cat; echo told >&2; exit 7").run("sh -s", stdin=b"hello")
    assert (ran.code, ran.out, ran.err) == (7, b"hello", "told\n")


def test_a_connection_is_opened_once_and_shared(ssh):
    link = ssh()
    link.run("one")
    link.run("two")
    opened = [line for line in ssh.log() if " -N " in line]
    assert len(opened) == 1
    assert opened[0].startswith("-p 2222 -o ControlPath=") and opened[0].endswith("-f -N -- nvidia@orin")
    assert "-o ControlMaster=yes" in opened[0] and "ConnectTimeout=10" in opened[0]
    assert [line.rpartition(" -- ")[2] for line in ssh.log() if "-T" in line] == ["nvidia@orin one", "nvidia@orin two"]
    link.close()
    assert link.is_lost()


def test_of_four_that_connect_at_once_one_opens_the_connection(ssh):
    link = ssh(connecting='sleep 0.3; touch "$LOG.open"')
    with ThreadPoolExecutor(4) as four:
        ran = list(four.map(link.run, ["one", "two", "three", "four"]))
    assert [each.code for each in ran] == [7] * 4
    assert len([line for line in ssh.log() if " -N " in line]) == 1


def test_nobody_is_asked_where_nobody_sits(ssh, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    ssh().run("one")
    assert any("-o BatchMode=yes" in line and " -N " in line for line in ssh.log())


def test_what_the_configuration_says_holds_and_another_may_be_named(ssh, monkeypatch):
    monkeypatch.setenv("ASSESS_SSH_CONFIG", "/lab/ssh_config")
    ssh(address="ssh://orin").run("one")
    assert all(line.startswith("-F /lab/ssh_config -o ControlPath=") for line in ssh.log())
    assert all("-p " not in line for line in ssh.log())


def test_a_connection_that_is_not_made_says_why_and_no_command_is_run(ssh):
    link = ssh(connecting="echo 'nvidia@orin: Permission denied (publickey).' >&2; exit 255")
    with pytest.raises(AssessError, match="it refuses the login"):
        link.run("one")
    assert not any("-T" in line for line in ssh.log())


def test_a_command_that_ends_with_255_itself_is_no_lost_link(ssh):
    assert ssh(running="exit 255").run("one").code == 255


def test_a_link_that_is_lost_while_a_command_runs_is_told(ssh):
    link = ssh(running="rm -f \"$LOG.open\"; echo 'Timeout, server orin not responding.' >&2; exit 255")
    with pytest.raises(AssessError, match="the connection failed: Timeout, server orin not responding"):
        link.run("one")


def test_a_command_that_does_not_answer_is_left_alone(ssh):
    begun = time.monotonic()
    with pytest.raises(AssessError, match=r"ssh://nvidia@orin:2222: did not answer within 0.2 s"):
        ssh(running="exec sleep 20").run("one", timeout_s=0.2)
    assert time.monotonic() - begun < 10


def test_without_ssh_it_is_told_where_it_comes_from(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssessError, match="there is no ssh here") as told:
        Link(Address("orin")).connect()
    assert told.value.hint == "sudo apt install openssh-client"


def test_the_socket_lies_where_nobody_else_may_write_and_its_path_is_short_enough(monkeypatch, tmp_path):
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    folder = module._control_folder()
    assert folder.stat().st_mode & 0o077 == 0
    assert len(os.fspath(folder)) < 47


@pytest.mark.slow
def test_of_four_that_connect_at_once_to_a_real_board_one_logs_in(plain_board):
    link = Link(parse_address(plain_board.address), environment(plain_board))
    link.close()
    before = log(plain_board).count("Accepted publickey")
    with ThreadPoolExecutor(4) as four:
        list(four.map(lambda _: link.connect(), range(4)))
    assert not link.is_lost()
    assert log(plain_board).count("Accepted publickey") == before + 1
    link.close()
