"""A lab: runs of a suite on many boards at once, each by a Dask worker; Dask schedules, and is imported here only."""
