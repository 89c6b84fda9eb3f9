#!/usr/bin/env bash
# Puts what the locks say into the virtual environment $VENV, and nothing twice; `make` calls it.
#   install.sh core      what rendering and building need, and Quantpress itself
#   install.sh engines   that and the engines: $ENGINES is cpu, cuda or auto (cuda where an NVIDIA GPU is found)
#   install.sh dev       that and the tools for tests and checks
#   install.sh tasks     lm_eval, for profiles with [tasks]
#   install.sh ray       Ray, for `measure --ray`
#   install.sh export    PyArrow, which writes Parquet
#   install.sh builders  ProperDocs and Zensical, which build the same pages as MkDocs
#   install.sh browser   Chromium, for the tests that open the site in one
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VENV:?is set by make}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { echo "set-up: $*"; }
fail() { echo "set-up failed: $*" >&2; exit 1; }

works() { # works PYTHON: a version that the locks are for
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

find_python() {
  local python
  for python in python3 python3.13 python3.12 python3.11; do
    if works "$python"; then echo "$python" && return; fi
  done
  fail "needs Python 3.11, 3.12 or 3.13; here: $(python3 --version 2>&1 | tail -1). Debian 12: apt-get install python3 python3-venv"
}

make_environment() {
  local python=$VENV/bin/python
  if works "$python" && "$python" -m pip --version >/dev/null 2>&1; then return; fi
  [ -z "${VIRTUAL_ENV:-}" ] ||
    fail "the active environment $VENV has no pip, or no Python 3.11 to 3.13: 'deactivate', then the same command again."
  python=$(find_python)
  "$python" -c 'import ensurepip' 2>/dev/null || fail "$python can't make environments. Debian: apt-get install python3-venv"
  say "making the environment $VENV with $("$python" --version)"
  "$python" -m venv --clear "$VENV"
}

pip_install() {
  LC_ALL=C "$VENV/bin/python" -m pip --quiet --no-input --disable-pip-version-check install --no-deps "$@" >"$log" 2>&1
}

unreachable='NewConnectionError\|NameResolutionError\|ConnectTimeout\|ReadTimeout\|ProxyError'
explain() { # what pip's log says, in a line with its mend
  if grep -q "$unreachable" "$log"; then
    fail "pip can't reach the package index. Check the network (and pip's own configuration), then run the same command again."
  elif grep -q 'No space left' "$log"; then
    fail "the disk is full: free some space ($1), then run the same command again."
  elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
    fail "a package is not the one that was locked. Run the same command again; if that does not help, please report it."
  fi
  grep -v 'is ignored: it is neither a file nor a directory' "$log" | tail -8 >&2
  fail "pip could not install requirements/$2.lock; its last words are above."
}

install_torch_for_cpu() { # where pip's own configuration finds it, else from PyTorch's index
  pip_install --require-hashes -r requirements/torch-cpu.lock && return
  grep -q 'No matching distribution found for torch' "$log" && ! grep -q "$unreachable" "$log" || return 1
  pip_install --require-hashes -r requirements/torch-cpu.lock --extra-index-url "$TORCH_CPU_INDEX"
}

install_lock() { # install_lock NAME SIZE
  local stamp=$VENV/.quantpress-$1 wanted started=$SECONDS
  wanted=$(sha256sum pyproject.toml requirements/torch-cpu.lock "requirements/$1.lock"; pwd)
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -x "$VENV/bin/python" ] && return
  make_environment
  say "installing requirements/$1.lock ($2) …"
  [ "$1" != cpu ] || install_torch_for_cpu || explain "$2" "$1"
  pip_install --require-hashes --only-binary=:all: -r "requirements/$1.lock" || explain "$2" "$1"
  pip_install --no-build-isolation --editable . || explain "$2" "$1"
  echo "$wanted" >"$stamp"
  say "done in $((SECONDS - started)) s"
}

debian() { # debian WHY PACKAGE...: as root through apt-get; otherwise says what to type
  local why=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing Debian's $* ($why) …"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >"$log" 2>&1 || true
    apt-get -qq install -y --no-install-recommends "$@" >>"$log" 2>&1 && return
    tail -3 "$log" >&2
  fi
  say "missing: $why. As root: apt-get install $*" >&2
  return 1
}

install_engines() {
  local engines=${ENGINES:-auto} other
  if [ "$engines" = auto ]; then
    if nvidia-smi -L >/dev/null 2>&1; then engines=cuda; else engines=cpu; fi
  fi
  case $engines in cpu) other=cuda ;; cuda) other=cpu ;; *) fail "ENGINES=$engines: it is auto, cpu or cuda." ;; esac
  [ "$(uname -sm)" = "Linux x86_64" ] || fail "the engines are locked for Linux on x86-64; this is $(uname -sm)."
  [ ! -e "$VENV/.quantpress-$other" ] || fail "$VENV holds the $other engines: 'make clean' (or another environment) first."
  if [ $engines = cpu ]; then
    PATH=$PATH:/sbin ldconfig -p | grep -q 'libnuma\.so\.1' || debian "the library libnuma, for vLLM on the CPU" libnuma1
    install_lock cpu "about 0.7 GB to download, 2.8 GB on disk, some minutes"
  else
    command -v gcc clang >/dev/null || debian "a C compiler and Python's headers, for vLLM's kernels" gcc libc6-dev python3-dev
    install_lock cuda "about 5 GB to download, 12 GB on disk, many minutes"
  fi
}

install_browser() {
  command -v chromium chromium-browser google-chrome >/dev/null || debian "the browser Chromium, for the tests" chromium ||
    say "******** NO BROWSER: the tests that open the site in one will be SKIPPED ********" >&2
}

case ${1:-} in
  core) install_lock core "50 MB to download, 280 MB on disk" ;;
  dev) install_lock dev "120 MB to download, 520 MB on disk" ;;
  engines) install_engines ;;
  tasks) install_lock tasks "140 MB to download, 620 MB on disk" ;;
  ray) install_lock ray "130 MB to download, 520 MB on disk" ;;
  export) install_lock export "70 MB to download, 210 MB on disk" ;;
  builders) install_lock builders "60 MB to download, 320 MB on disk" ;;
  browser) install_browser ;;
  *) fail "usage: install.sh core|engines|tasks|ray|export|dev|builders|browser" ;;
esac
