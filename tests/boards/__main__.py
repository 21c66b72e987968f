"""Keep boards up to work with by hand: `cd tests && python -m boards arm64`."""
# ruff: noqa: T201 - it is there for a person who looks at it

import contextlib
import signal
import sys

from boards.kinds import KINDS, missing, start


def main(names):
    if not names or not set(names) <= set(KINDS):
        print(
            "usage: python -m boards KIND ...",
            *(f"  {name:<10} {kind.summary}" for name, kind in KINDS.items()),
            sep="\n",
        )
        return 2
    for why in filter(None, map(missing, names)):
        print(why)
        return 2
    with contextlib.ExitStack() as up:
        for name in names:
            board = up.enter_context(start(name))
            print(f"{board.address}\n  export ASSESS_SSH_CONFIG={board.config}\n  ssh -F {board.config} {board.name}")
        print("Ctrl-C ends them", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


sys.exit(main(sys.argv[1:]))
