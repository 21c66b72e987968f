"""What a run measured, in groups of facts: the one source of words for every report."""
