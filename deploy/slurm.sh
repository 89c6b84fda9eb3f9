#!/usr/bin/env bash
# Measures on all cards of a Slurm job, and leaves nothing running. Submit it where the checkout is, with the words that
# `quantpress measure` is to have; once more, and it goes on where the time ended:
#   sbatch --nodes=4 --gpus-per-node=8 deploy/slurm.sh --profile llama-3.1-8b --preset standard
# Or all runs of a file, see `quantpress plan`:
#   sbatch --nodes=4 --gpus-per-node=8 deploy/slurm.sh plan mine.toml
#SBATCH --job-name=quantpress
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=08:00:00
#SBATCH --signal=B:TERM@120
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?is set by Slurm: use sbatch}"
export PATH="${VENV:-$PWD/.venv}/bin:$PATH" RAY_AUTH_MODE="${RAY_AUTH_MODE:-token}"

# A job's own port, so that two jobs on one machine are two clusters.
export PORT=$((20000 + SLURM_JOB_ID % 20000))
# The first of this node's addresses, but its loopback; where another network is meant, ADDRESS says so.
address="${ADDRESS:-$(hostname --all-ip-addresses | cut -d ' ' -f 1)}:$PORT"

# The head is ended last: others take their leave of it.
head='' others=''
leave() {
  for step in $others $head; do
    kill "$step" 2>/dev/null || true
    wait "$step" || true
  done
}
trap leave EXIT

here=${SLURMD_NODENAME:-$(hostname)}
srun --overlap --ntasks-per-node=1 --nodes=1 --nodelist="$here" deploy/node.sh head &
head=$!
python deploy/wait_for_nodes.py "$address" 1
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
  count=$((SLURM_JOB_NUM_NODES - 1))
  srun --overlap --ntasks-per-node=1 --nodes=$count --exclude="$here" deploy/node.sh "$address" &
  others=$!
  python deploy/wait_for_nodes.py "$address" "$SLURM_JOB_NUM_NODES"
fi

# Slurm's signal comes before the end of the job's time: what is finished by then is kept.
words=(measure "$@")
if [ "${1:-}" = plan ]; then words=("$@" --run); fi
quantpress "${words[@]}" --ray "$address" &
measurement=$!
trap 'kill -TERM $measurement' TERM
status=0
while kill -0 $measurement 2>/dev/null; do
  wait $measurement && status=0 || status=$?
done
exit $status
