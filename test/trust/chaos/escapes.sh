# Leaves a process in a session of its own, then does what every worker does.
setsid sleep 100000 &
. ./worker.sh
