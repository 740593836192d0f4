#!/usr/bin/env bash
# Everything the tests need, then the tests: style and types, units, browser, a real vLLM server.
# Each part has a time limit, so that a browser that hangs fails its part instead of holding up the rest.
set -uo pipefail
# Two cores and many small tensors: threads of torch only get in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
cd "$(dirname "$0")/.."
status=0

part() {
    local name=$1 limit=$2 started=$SECONDS
    shift 2
    echo "== $name"
    timeout --kill-after=10 "$limit" "$@"
    local code=$?
    echo "== $name: exit $code after $((SECONDS - started)) s"
    [[ $code -eq 0 ]] || status=1
    return $code
}

has_chromium() { command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null; }

# Debian's packages that tests drive: a browser, and a voice for the films of the miniature world.
need_packages() {
    local missing=()
    has_chromium || missing+=(chromium-headless-shell fonts-dejavu)
    command -v espeak-ng >/dev/null || missing+=(espeak-ng)
    [[ ${#missing[@]} -eq 0 ]] && return
    echo "== installing ${missing[*]}"
    local sudo=""
    [[ $(id -u) -eq 0 ]] || sudo=sudo
    $sudo apt-get update -qq && $sudo apt-get install -y -qq "${missing[@]}"
}

need_packages || echo "not everything could be installed; the tests that need it will say so"
part style 300 ruff check .
part format 120 ruff format --check .
part types 600 mypy
part units 1500 python -m pytest -m "not browser and not vllm" -n 2
part browser 1200 python -m pytest -m browser
part vllm 1800 python -m pytest -m vllm
exit $status
