#!/bin/sh
# The whole check on a GPU, in less than ten minutes: tests that need one, then `tests.benchmarks.gpu`.
#
#   tests/benchmarks/gpu_check.sh [options of tests.benchmarks.gpu]
#
# OUT     folder for the log and the profile (default: gpu_check)
# WHEELS  folder with wheels of datasets, dill and multiprocess, where they are not installed
# PYTHON  the interpreter (default: python3). It needs torch, transformers and accelerate.
set -eu
cd "$(dirname "$0")/../.."
out=${OUT:-gpu_check}
python=${PYTHON:-python3}
mkdir -p "$out"
export PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
if [ -n "${WHEELS:-}" ]; then
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$site" "$WHEELS"/*.whl
    PYTHONPATH="$PYTHONPATH:$site"
fi
if "$python" -c 'import pytest, torch; raise SystemExit(not torch.cuda.is_available())' 2>/dev/null; then
    timeout 120 "$python" -m pytest -q -m gpu -o addopts= -p no:cacheprovider tests/harness/training/test_packed_batches.py \
        2>&1 | tee "$out/tests.txt" || true
fi
# A pipe has the exit status of its last part, and the benchmark's counts.
status=$(mktemp)
{ "$python" -m tests.benchmarks.gpu --rounds 2 --keep "$out" "$@" 2>&1 || echo $? >"$status"; } | tee "$out/gpu.txt"
ended=$(cat "$status")
rm -f "$status"
exit "${ended:-0}"
