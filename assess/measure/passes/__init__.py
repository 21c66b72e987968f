"""Passes: one process each, one purpose each. A file holds what the process does and the record of what it found."""
