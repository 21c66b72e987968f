"""Stand-in."""


def no_wheels(architecture: str, libc: str) -> str:
    """Why not."""
    return "" if architecture in ("x86_64", "aarch64") and libc != "musl" else f"no wheels for {architecture} {libc}"
