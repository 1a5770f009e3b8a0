#!/usr/bin/env bash
# Run the tests; arguments go to pytest. Says what cannot run here, and how it could.
set -euo pipefail
MAY_BE_UNSTEADY=${MAY_BE_UNSTEADY:-3}
cd "$(dirname "$0")/.."
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "${WORKBENCH_CHROMIUM:-}" ] && [ -n "$browser" ]; then export WORKBENCH_CHROMIUM=$browser; fi
if [ -z "${WORKBENCH_CHROMIUM:-}" ]; then
  if [ -n "${CI:-}" ]; then
    printf 'error: no Chromium, and CI skips no browser test\n  what to do: apt-get install chromium\n' >&2
    exit 1
  fi
  printf 'No Chromium found: the browser tests are skipped (Debian/Ubuntu: apt install chromium).\n'
fi
cores=$(env -u OMP_NUM_THREADS nproc 2>/dev/null || echo some)
# Models in tests are tiny: more threads than this only get in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
printf 'Running the tests (%s cores; a few minutes) …\n' "$cores"
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
status=0
.venv/bin/python -m pytest -o cache_dir="$cache" -n "${TEST_PROCESSES:-2}" --dist loadfile "$@" || status=$?
failed=$(grep -c '": true' "$cache/v/cache/lastfailed" 2>/dev/null || true)
if [ "$status" -ne 1 ] || [ "${failed:-0}" -gt "$MAY_BE_UNSTEADY" ]; then exit "$status"; fi
# Browsers and jobs share two cores with the rest here: a few that fail are judged alone, once, and named.
printf '\n%s failed. Once more, alone …\n' "$failed"
.venv/bin/python -m pytest -o cache_dir="$cache" --last-failed --last-failed-no-failures none "$@"
printf 'These failed beside others and passed alone: they are unsteady, and their cause is to be found (see above).\n'
