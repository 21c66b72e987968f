"""The text of new profiles, for their authors to complete."""

from assess.report.new.card import new_card
from assess.report.new.device import Named, NewDevice, new_device
from assess.report.new.others import new_partner, new_runtime, new_standard, new_workload

__all__ = ["Named", "NewDevice", "new_card", "new_device", "new_partner", "new_runtime", "new_standard", "new_workload"]
