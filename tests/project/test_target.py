import builders

from assess.project.target import why_not_the_device


def test_a_host_that_reports_the_board_is_the_device():
    assert why_not_the_device(builders.host(), builders.device()) == ""


def test_another_board_is_a_proxy():
    found = why_not_the_device(builders.host(board="Laptop"), builders.device())
    assert found == "its board is 'Laptop', acme-rover is 'ACME Rover Board'"


def test_a_board_that_cannot_be_read_is_a_proxy():
    found = why_not_the_device(builders.host(board="", absent={"board": "no DMI here"}), builders.device())
    assert found == "its board is not readable (no DMI here), acme-rover is 'ACME Rover Board'"


def test_the_power_mode_is_part_of_the_identity():
    device = builders.device(identity={"board": ["ACME Rover Board"], "power_mode": ["25W"]})
    assert why_not_the_device(builders.host(power_mode="25W"), device) == ""
    assert why_not_the_device(builders.host(power_mode="15W"), device) == "its power mode is '15W', acme-rover is '25W'"


def test_a_power_mode_alone_identifies_nothing():
    device = builders.device(identity={"power_mode": ["25W"]})
    assert "does not say by what a host is recognised" in why_not_the_device(builders.host(power_mode="25W"), device)


def test_a_profile_without_identity_is_never_the_host():
    device = builders.device(identity=None)
    assert "does not say by what a host is recognised" in why_not_the_device(builders.host(), device)
