# Prints numbered lines without a gap; the last one says how many there were.
trap 'echo "$ORCH_INSTANCE_ID last $n"; exit 0' TERM
n=0
while :; do
  echo "$ORCH_INSTANCE_ID line $((n + 1))"
  n=$((n + 1))
  sleep 0.05
done
