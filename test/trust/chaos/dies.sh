# Ends by itself 0.1 to 2 s after its start, in most cases with a failure.
n=$(od -An -N1 -tu1 /dev/urandom)
(sleep "$((n % 20 / 10)).$((n % 10 + 1))"; kill -TERM $$) 2>/dev/null &
. ./worker.sh
