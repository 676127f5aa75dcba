# Prints numbered lines and records, where orch never looks: its start, its end, what it has printed, and whether another
# incarnation of its instance (or what that left in its group) still lives.
id=$ORCH_INSTANCE_ID
token=$ORCH_NONCE
exec 9>>"$CHAOS_RECORDS/lock-$id"
flock -n 9 || echo "$id $token" >>"$CHAOS_RECORDS/overlaps"
echo "$id $token $$" >>"$CHAOS_RECORDS/starts"
trap 'echo "$id $token" >>"$CHAOS_RECORDS/stops"; exit 0' TERM
n=0
while :; do
  n=$((n + 1))
  echo "$token $n"
  echo "$n" >"$CHAOS_RECORDS/last-$token"
  sleep 0.25
done
