#!/bin/sh
# Runs `assess gate` in a job of a CI system: the one way for GitHub's action, GitLab's template and Jenkins.
#
# All that it is asked comes in variables of the environment, so that no text of a pull request is ever a command:
#
#   ASSESS_MODEL          the newer model: a file, or the id of a shipped one; empty with a suite
#   ASSESS_AGAINST        the accepted model, measured again beside the newer one; or instead of it
#   ASSESS_BASELINE       a stored baseline of this machine; or instead of both models
#   ASSESS_SUITE          a suite, a file or an id: each of its models for its jobs, against
#   ASSESS_BASELINES      the folder of baselines of this machine
#   ASSESS_WORKLOAD       the job; back to back if empty
#   ASSESS_DEVICE         devices that the model must still fit, one a line
#   ASSESS_MARGIN         slowdown that is allowed, e.g. 5%
#   ASSESS_BUDGET         measure for so long, e.g. "60 s"
#   ASSESS_STATIC         true: compare the files alone
#   ASSESS_ALLOW          metrics that may be worse, one a line
#   ASSESS_SKIP           metrics that are not compared, one a line
#   ASSESS_HISTORY        where runs are kept: a file, or a URL, which may hold a password; assess itself reads it from
#                         here, so that it is no word of a command and no line of a log
#   ASSESS_ARGS           further words of the command, one a line, as they are
#   ASSESS_LENIENT        true: a gate that could not tell (exit 3) does not fail the job
#   ASSESS_FORMAT         what is printed: terminal, or github for annotations and the step's summary
#   ASSESS_REPORT_JSON    file of the JSON report; assess-gate.json if empty
#   ASSESS_REPORT_JUNIT   file of the JUnit report; assess-gate.xml if empty
#   ASSESS_REPORT_GITLAB  file of the report for GitLab's code quality; none if empty
#   ASSESS_COMMAND        the assess command; `assess` of the PATH if empty
#
# Exit codes are those of assess gate (docs/exit-codes.md), but for exit 3 where it is lenient. In a job of GitHub the
# outputs verdict, exit-code and report-json are set.
set -eu

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 2
}

# One output of a step of GitHub, whatever characters it has: nobody can guess the line that ends it.
output() {
  [ -n "${GITHUB_OUTPUT:-}" ] || return 0
  end=assess-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s<<%s\n%s\n%s\n' "$1" "$end" "$2" "$end" >>"$GITHUB_OUTPUT"
}

# A path that no command takes for an option, whose folder is there.
path_of() {
  case $1 in
    /*) path=$1 ;;
    *) path=./$1 ;;
  esac
  mkdir -p -- "$(dirname -- "$path")" || exit 2
  printf '%s' "$path"
}

# A table for people in the log. The names in it are data: GitHub must not obey lines that look like its commands.
table() {
  [ -f "$1" ] || return 0
  stop=assess-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$stop"
  cat -- "$1"
  printf '::%s::\n' "$stop"
}

is_true() {
  case ${2:-false} in
    true) return 0 ;;
    false) return 1 ;;
    *) fail "$1 is neither the word true nor the word false" ;;  # Without the text: a line of it could be a command to GitHub.
  esac
}

[ -n "${ASSESS_MODEL:-}${ASSESS_SUITE:-}" ] ||
  fail 'neither ASSESS_MODEL (the input model) nor ASSESS_SUITE (the input suite) is set'
lenient=no
if is_true ASSESS_LENIENT "${ASSESS_LENIENT:-}"; then lenient=yes; fi
json=$(path_of "${ASSESS_REPORT_JSON:-assess-gate.json}") || fail 'there is no folder for the JSON report'
junit=$(path_of "${ASSESS_REPORT_JUNIT:-assess-gate.xml}") || fail 'there is no folder for the JUnit report'
work=$(mktemp -d) || fail 'there is no folder for temporary files'
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

# Further words first: of an option that is given twice the last one counts, and that is to be the script's own.
set -- gate
while IFS= read -r word; do
  [ -z "$word" ] || set -- "$@" "$word"
done <<LINES
${ASSESS_ARGS:-}
LINES

# Reports are written in this order: where the verdict is, the JSON report is too.
set -- "$@" --report="json=$json" --report="verdict=$work/verdict" --report="junit=$junit"
[ -z "${ASSESS_MODEL:-}" ] || set -- "$@" --model="$ASSESS_MODEL"
[ -z "${ASSESS_AGAINST:-}" ] || set -- "$@" --against="$ASSESS_AGAINST"
[ -z "${ASSESS_BASELINE:-}" ] || set -- "$@" --baseline="$ASSESS_BASELINE"
[ -z "${ASSESS_SUITE:-}" ] || set -- "$@" --suite="$ASSESS_SUITE"
[ -z "${ASSESS_BASELINES:-}" ] || set -- "$@" --baselines="$ASSESS_BASELINES"
[ -z "${ASSESS_WORKLOAD:-}" ] || set -- "$@" --workload="$ASSESS_WORKLOAD"
[ -z "${ASSESS_MARGIN:-}" ] || set -- "$@" --margin="$ASSESS_MARGIN"
[ -z "${ASSESS_BUDGET:-}" ] || set -- "$@" --budget="$ASSESS_BUDGET"
if is_true ASSESS_STATIC "${ASSESS_STATIC:-}"; then set -- "$@" --static; fi
if [ -n "${ASSESS_REPORT_GITLAB:-}" ]; then
  gitlab=$(path_of "$ASSESS_REPORT_GITLAB") || fail 'there is no folder for the report of code quality'
  set -- "$@" --report="gitlab=$gitlab"
fi
format=${ASSESS_FORMAT:-terminal}
set -- "$@" --format="$format"
[ "$format" != github ] || set -- "$@" --report="terminal=$work/table.txt"
while read -r device; do
  [ -z "$device" ] || set -- "$@" --device="$device"
done <<LINES
${ASSESS_DEVICE:-}
LINES
while read -r metric; do
  [ -z "$metric" ] || set -- "$@" --allow="$metric"
done <<LINES
${ASSESS_ALLOW:-}
LINES
while read -r metric; do
  [ -z "$metric" ] || set -- "$@" --skip="$metric"
done <<LINES
${ASSESS_SKIP:-}
LINES

# Whoever cancels the job may tell this shell alone: then assess is told too, ends its processes, and is waited for.
"${ASSESS_COMMAND:-assess}" "$@" &
assess=$!
told=yes
trap 'told=yes; kill -TERM "$assess" 2>/dev/null || :' INT TERM HUP
while [ "$told" = yes ]; do  # A signal ends the waiting as well.
  told=no
  code=0
  wait "$assess" || code=$?
done
table "$work/table.txt"

# From the folder of this run: a JSON report of an earlier job may still lie where this one's belongs.
verdict=
[ ! -f "$work/verdict" ] || verdict=$(cat -- "$work/verdict")
case $code in
  0 | 1 | 3 | 4)
    # A Python that cannot even start exits with 1 as well, and that is no regression.
    if [ -z "$verdict" ]; then
      printf 'error: assess ended with %s and wrote no report: nothing was judged\n' "$code" >&2
      code=70
    fi
    ;;
  126 | 127)
    printf 'error: %s could not be started\n' "${ASSESS_COMMAND:-assess}" >&2
    code=70
    ;;
esac
output verdict "$verdict"
output exit-code "$code"
output report-json "${verdict:+$json}"
if [ "$code" -eq 3 ] && [ "$lenient" = yes ]; then
  printf 'the gate could not tell (%s), which does not fail this job\n' "$verdict"
  exit 0
fi
exit "$code"
