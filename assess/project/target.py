"""Is the host that measured the device that is asked about, and with which of its runtimes?"""

from __future__ import annotations

from typing import Final

from assess.describe.device import Device, DeviceRuntime
from assess.measure.measurement import Host, Measurement

#: A host is another board than the device if its MemTotal is less of the device's capacity: boards of one name are sold
#: with half and with twice the memory. It is 0.92 to 0.97 on boards where it was read; carve-outs for a GPU take more.
_LEAST_OF_CAPACITY: Final = 0.7
#: A capacity that was read as MemTotal is written with four digits, and another kernel keeps a little less for itself.
_MOST_OF_CAPACITY: Final = 1.01


def why_not_the_device(host: Host, device: Device) -> str:
    """Why a measurement on `host` is not one on `device`; empty if it is.

    What the host's own firmware and kernel report is compared with the profile's [identity]; a name that somebody
    typed never decides it.
    """
    if host.emulator:
        return f"its processor is emulated, by {host.emulator}: whatever it is called, it is none of {device.id}"
    identity = device.identity
    if identity is None or not (identity.board or identity.cpu):
        return f"{device.id} does not say by what a host is recognised as it ([identity] in its profile)"
    if unnamed := why_in_any_mode(device):
        return unnamed
    for name, expected, found in (
        ("board", identity.board, host.board),
        ("CPU", identity.cpu, host.cpu),
        ("power mode", identity.power_mode, host.power_mode),
    ):
        if expected and (not found or found not in expected):
            seen = f"{found!r}" if found else f"not readable ({host.absent.get(name, 'nothing reports it')})"
            return f"its {name} is {seen}, {device.id} is {' or '.join(map(repr, expected))}"
    capacity = device.memory.capacity if device.memory else None
    if not capacity or not host.memory_bytes:
        return ""
    if not _LEAST_OF_CAPACITY <= host.memory_bytes / capacity.value <= _MOST_OF_CAPACITY:
        return f"it has {host.memory_bytes / 1e9:.3g} GB of memory, {device.id} {capacity.value / 1e9:.3g} GB"
    return ""


def why_in_any_mode(device: Device) -> str:
    """Why a host with the device's board or CPU may be in another power mode than the device's; empty if it may not."""
    identity = device.identity
    if identity is None or not (identity.board or identity.cpu) or not device.power_mode or identity.power_mode:
        return ""
    told = "its profile does not say how a host reports that (power_mode of [identity])"
    return f"{device.id} is in power mode {device.power_mode!r}, but {told}"


def binding_in_effect(device: Device, measurement: Measurement | None) -> tuple[DeviceRuntime | None, str]:
    """The device's runtime that a case is judged with, and why the measurement is not one on the device.

    On the device it is the runtime whose provider, or whose vendor's tool, ran the model; without such a run it is the
    preferred one. A run with what no runtime of the device stands for is a proxy's, wherever it was taken.
    """
    preferred = device.runtime[0] if device.runtime else None
    if measurement is None:
        return preferred, "nothing was measured"
    # The power mode may have been changed on the way: both readings must be the device's.
    for host in (measurement.before, measurement.after):
        if proxy := why_not_the_device(host, device):
            return preferred, proxy
    ran = measurement.requested.runner or _provider(measurement)
    for binding, runtime in zip(device.runtime, device.runtimes, strict=True):
        if ran in runtime.runners or (runtime.provider and runtime.provider == ran):
            return binding, ""
    return preferred, f"it was run with {ran}, which no runtime of {device.id} stands for"


def _provider(measurement: Measurement) -> str:
    return measurement.effective.providers[0] if measurement.effective else measurement.requested.provider


def host_name(host: Host) -> str:
    """How a report names a host."""
    name = host.board or host.cpu or f"{host.architecture}, {host.os}"
    return f"{name}, emulated" if host.emulator else name
