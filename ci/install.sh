#!/bin/sh
# Installs assess from the checkout that this file lies in, into an environment of its own, and says where its command is.
#
# Never by name from an index: `assess` on PyPI is somebody else's package.
#
#   ASSESS_PYTHON  the Python that makes the environment; python3 if empty
#   ASSESS_VENV    the folder of the environment; by default one below RUNNER_TEMP or TMPDIR
#
# Prints the path of the command; in a job of GitHub it is the output `command` too. Exits with 2 if it cannot.
set -eu

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 2
}

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || fail "$0 lies in no folder that can be read"
temporary=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
venv=${ASSESS_VENV:-$temporary/assess-venv}
case $venv in
  /*) ;;
  *) venv=$PWD/$venv ;;
esac

"${ASSESS_PYTHON:-python3}" -m venv -- "$venv" || fail "${ASSESS_PYTHON:-python3} made no environment in $venv"
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet -- "$checkout" >&2 ||
  fail "$checkout could not be installed"

if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'command=%s\n' "$venv/bin/assess" >>"$GITHUB_OUTPUT"
fi
printf '%s\n' "$venv/bin/assess"
