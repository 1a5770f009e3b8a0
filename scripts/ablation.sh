#!/usr/bin/env bash
# The ablation of docs/ablation.md: curate the sample data as the README does, then every method, five seeds.
#   scripts/ablation.sh [OUT] [further arguments of `crlft ablate`]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-ablation}
shift || true
python=${PYTHON_ABLATION:-.venv/bin/python}
workbench() { "$python" -m workbench.cli --project "$out/project" "$@"; }

if [ ! -d "$out/project/snapshots" ] || [ -z "$(ls "$out/project/snapshots")" ]; then
  mkdir -p "$out"
  workbench init
  "$python" - <<'PY' > "$out/maps"
import json
from pathlib import Path

table = json.loads(Path("sample_data/classes.json").read_text(encoding="utf-8"))
print(table["field"])
for value, name in table["values"].items():
    print(f"{value}={name}")
PY
  mapfile -t maps < "$out/maps"
  arguments=(--class-field "${maps[0]}")
  for map in "${maps[@]:1}"; do arguments+=(--map "$map"); done
  workbench import sample_data/sharegpt.json sample_data/messages.jsonl sample_data/alpaca.json "${arguments[@]}"
  workbench dedupe --method near --apply
  workbench clean --apply
  workbench tag sub --where "class:none -status:dropped"
  workbench snapshot curated
fi
snapshot=$(ls -d "$out"/project/snapshots/*/ | head -1)
exec "$python" -m crlft ablate "${snapshot%/}" --base sample_data/base --prompts sample_data/held_out.jsonl \
  --by skill --out "$out/cells" "$@"
