"""One worker of the pool. It prints; orch numbers it, starts it, restarts it and collects what it prints."""
import os
import time

number, size = os.environ["ORCH_INSTANCE"], os.environ["ORCH_POOL_SIZE"]

print(f"worker {number} of {size} started")
batch = 0
while True:
    batch += 1
    time.sleep(0.2)
    print(f"worker {number} finished batch {batch}")
