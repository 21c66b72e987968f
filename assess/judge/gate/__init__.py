"""The gate: a newer model against an accepted one, metric by metric."""
