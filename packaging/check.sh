#!/usr/bin/env bash
# Build wheel and source archive, install the wheel where nothing of the source tree is, and run it there.
# Usage: packaging/check.sh PYTHON_WITH_BUILD FOLDER
set -euo pipefail
builder=$1
folder=$(mkdir -p "$2" && cd "$2" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$folder/dist" "$folder/venv" "$folder/run"
"$builder" -m build --quiet --outdir "$folder/dist" "$root"  # the wheel is built from the source archive
"$builder" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --constraint "$root/constraints.txt" "$folder"/dist/strandline-*.whl
cd "$folder"
export PATH="$folder/venv/bin:$PATH" PYTHONSAFEPATH=1
python - <<PYTHON
import strandline
from pathlib import Path
assert Path(strandline.__file__).is_relative_to("$folder/venv"), strandline.__file__
PYTHON
strandline doctor
strandline run --quick --out run
test -s run/report.html
test -s run/plan.json
ls -l dist
