"""The command line's one way in."""


def main() -> None:
    """Run the command line."""
