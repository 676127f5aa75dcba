# 4 MB of lines at once, every 5 seconds.
trap 'exit 0' TERM
while :; do
  seq -f '%010.0f a line of a flood, long enough to be one that a program writes when all goes wrong' 1 40000
  sleep 5 &
  wait $!
done
