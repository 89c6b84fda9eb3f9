#!/usr/bin/env bash
# Writes requirements/*.lock anew from pyproject.toml; nothing but those files changes.
# Every lock is complete: core, and core with cpu, cuda, dev, tasks, ray, builders or export. Where two hold the same package
# they hold the same version, unless an engine pins it, so that all can go into one environment.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" install uv 2>/dev/null

torch=(download --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64
  --require-hashes --dest "$work/wheels" -r requirements/torch-cpu.lock)
"${pip[@]}" "${torch[@]}" 2>/dev/null || "${pip[@]}" "${torch[@]}" --extra-index-url "$TORCH_CPU_INDEX"

# uv takes the platforms from the pyproject.toml where it stands; only the CUDA wheels are for one platform alone.
mkdir "$work/project" "$work/linux"
cp pyproject.toml "$work/project"
cat pyproject.toml - > "$work/linux/pyproject.toml" <<'TOML'
[tool.uv]
environments = ["sys_platform == 'linux' and platform_machine == 'x86_64' and python_version < '3.14'"]
TOML
# The build backend is locked too, so that installing the project itself fetches nothing.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml > "$work/build.in"

lock() { # lock NAME PROJECT [OPTION]... ; packages come as wheels, so nobody needs a compiler
  local name=$1 project=$2
  shift 2
  (cd "$work/$project" && "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --only-binary :all: --no-header --no-annotate --output-file "$work/$name.lock" "$@" pyproject.toml "$work/build.in")
}
lock cuda linux --extra cuda
cp "$work/cuda.lock" "$work/cpu.lock" # what is there already is preferred
lock cpu project --extra cpu --excludes "$PWD/requirements/excluded.txt" --no-emit-package torch --find-links "$work/wheels"
lock core project -c "$work/cpu.lock" -c "$work/cuda.lock"
lock dev project --extra dev -c "$work/cpu.lock" -c "$work/cuda.lock"
lock tasks project --extra tasks -c "$work/cpu.lock" -c "$work/cuda.lock" -c "$work/dev.lock" \
  --excludes "$PWD/requirements/excluded-tasks.txt"
lock ray project --extra ray -c "$work/cpu.lock" -c "$work/cuda.lock" -c "$work/dev.lock" -c "$work/tasks.lock"
lock builders project --extra builders -c "$work/core.lock" -c "$work/dev.lock" -c "$work/tasks.lock"
lock export project --extra export -c "$work/core.lock" -c "$work/dev.lock" -c "$work/tasks.lock"

sed -i '1i -r torch-cpu.lock' "$work/cpu.lock"
for name in core cpu cuda dev tasks ray builders export; do
  { echo "# Written by 'make lock' from pyproject.toml."; grep -v '^# ' "$work/$name.lock"; } > "requirements/$name.lock"
  echo "requirements/$name.lock: $(grep -c '^[a-z0-9].*==' "requirements/$name.lock") packages"
done
