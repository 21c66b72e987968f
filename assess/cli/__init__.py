"""The command line: words in, exit code out. Typer and Rich are imported in this room only."""
