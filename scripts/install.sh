#!/usr/bin/env bash
# Make .venv and install the pinned packages into it; does nothing where that is already so.
#   scripts/install.sh [dev]
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-run}

say() { printf '%s\n' "$*"; }
fail() { printf '\nerror: %s\n  what to do: %s\n' "$1" "$2" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      printf '%s' "$candidate"
      return 0
    fi
  done
  return 1
}

install_locked() {
  local lock=$1 what=$2 stamp=.venv/.installed-$1
  if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then
    return 0
  fi
  say "Installing $what ($(grep -vc '^#' "$lock") pinned packages; the first time this takes a minute or two) …"
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --progress-bar off -r "$lock"; then
    df -Pk . | awk 'NR==2 && $4 < 3000000 {exit 1}' ||
      fail "the packages could not be installed: less than 3 GB are free here" "free some disk space, then run the same command again"
    fail "the packages could not be installed" \
      "check the network (or PIP_INDEX_URL for a mirror), then run the same command again: it goes on where it stopped"
  fi
  cp "$lock" "$stamp"
}

if [ -d .venv ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  say "The virtual environment in .venv is broken or older than Python 3.11: making it anew."
  rm -rf .venv
fi
if [ ! -d .venv ]; then
  python=$(find_python) || fail "no Python 3.11, 3.12 or 3.13 was found" \
    "install one (Debian/Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.11), or name it: make PYTHON=/path/to/python3.11 …"
  say "Making a virtual environment in .venv with $("$python" --version) …"
  "$python" -m venv .venv || { rm -rf .venv; fail "Python could not make a virtual environment" \
    "install its venv module (Debian/Ubuntu: apt install python3-venv), then run the same command again"; }
fi
install_locked requirements.lock "the program"
if [ "$want" = dev ]; then install_locked requirements-dev.lock "the developers' tools"; fi
if [ ! -x .venv/bin/workbench ] || ! cmp -s pyproject.toml .venv/.installed-pyproject.toml; then
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
    fail "the program itself could not be installed" "read the lines above; then run the same command again"
  cp pyproject.toml .venv/.installed-pyproject.toml
fi
