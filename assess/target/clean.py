"""Remove what assess keeps on a target: the kit, files of models, jobs that nobody fetched."""

from __future__ import annotations

from typing import Final

from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.target.link import Link
from assess.target.probe import own_folder, read_answers, shell_path, whole

#: Only what is ours, by its names: whoever names a folder that holds other things keeps them.
_SCRIPT: Final = r"""
folder={folder}
cd "$folder" 2>/dev/null || {{ echo "absent=$folder"; exit 0; }}
echo "used=$(du -sk . 2>/dev/null | cut -f1)"
for each in jobs/*/busy; do
  [ -e "$each" ] || continue
  if command -v flock >/dev/null 2>&1 && ! flock -n "$each" true; then echo "busy=$each"; exit 0; fi
done
rm -rf kit jobs files tool-* && echo "removed=yes"
echo "left=$(du -sk . 2>/dev/null | cut -f1)"
cd / && rmdir "$folder" 2>/dev/null
"""


def clean(target: Target, link: Link | None = None) -> int:
    """Remove what assess keeps on a target.

    Args:
        target: as its inventory has it.
        link: to it.

    Returns:
        Bytes that were freed.

    Raises:
        AssessError: it cannot be reached, something is run there just now, or it cannot be removed.
    """
    link = link or Link(target.at)
    ran = link.run("sh -s", stdin=_SCRIPT.format(folder=shell_path(own_folder(target.folder))).encode())
    told = {name: values[0] for name, values in read_answers(ran.out.decode("utf-8", "replace").splitlines()).items()}
    if "absent" in told:
        return 0
    if "busy" in told:
        raise AssessError("something is run there just now", where=target.name, hint="wait for it: assess target check")
    if told.get("removed") != "yes":
        last = next((line for line in reversed(ran.err.splitlines()) if line.strip()), "rm gave no reason")
        raise AssessError(f"cannot be removed: {last:.300}", where=f"{target.name}: {target.folder}")
    used, left = (whole(told.get(name, "")) or 0 for name in ("used", "left"))
    return max(0, used - left) * 1024
