#!/usr/bin/env bash
# Run the tests; arguments go to pytest. Says what cannot run here, and how it could.
set -euo pipefail
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
# Models in tests are tiny: more threads than this only get in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
printf 'Running the tests (%s cores; a few minutes) …\n' "$(nproc 2>/dev/null || echo some)"
exec .venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" --dist loadfile "$@"
