"""Estimates to findings: what was found against which limit, and what to do."""
