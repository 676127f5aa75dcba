#!/bin/sh
# Starts a new member again and again, up to 50, while it is being ended; ignores SIGTERM.
trap '' TERM
n=0
while [ $n -lt 50 ]; do
  sleep 1000 &
  sleep 0.004
  n=$((n + 1))
done
wait
