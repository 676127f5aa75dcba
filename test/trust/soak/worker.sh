# Prints a number now and then, and records, where orch never looks, whether another incarnation of its instance still lives.
id=$ORCH_INSTANCE_ID
exec 9>>"$CHAOS_RECORDS/lock-$id"
flock -n 9 || echo "$id $ORCH_NONCE" >>"$CHAOS_RECORDS/overlaps"
trap 'exit 0' TERM
n=0
while :; do
  n=$((n + 1))
  echo "$id $n"
  sleep 5 &
  wait $!
done
