"""Is the host that measured the device that is asked about?"""

from __future__ import annotations

from assess.describe.device import Device
from assess.measure.measurement import Host


def why_not_the_device(host: Host, device: Device) -> str:
    """Why a measurement on `host` is not one on `device`; empty if it is.

    What the host's own firmware and kernel report is compared with the profile's [identity]; a name that somebody
    typed never decides it.
    """
    identity = device.identity
    if identity is None or not (identity.board or identity.cpu):
        return f"{device.id} does not say by what a host is recognised as it ([identity] in its profile)"
    for name, expected, found in (
        ("board", identity.board, host.board),
        ("CPU", identity.cpu, host.cpu),
        ("power mode", identity.power_mode, host.power_mode),
    ):
        if expected and found not in expected:
            seen = f"{found!r}" if found else f"not readable ({host.absent.get(name, 'nothing reports it')})"
            return f"its {name} is {seen}, {device.id} is {' or '.join(map(repr, expected))}"
    return ""


def host_name(host: Host) -> str:
    """How a report names a host."""
    return host.board or host.cpu or f"{host.architecture}, {host.os}"
