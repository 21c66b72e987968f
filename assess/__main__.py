"""`assess`, and `python -m assess`: what ends it is heard before anything that takes time is imported."""

from assess.cli.interrupts import quit_on_signals


def main() -> None:
    """Run the command line."""
    quit_on_signals()
    from assess.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
