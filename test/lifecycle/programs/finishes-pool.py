# Two tasks of 1.5 s in a pool of processes. SIGTERM to the main process takes no new task and waits for the running ones.
# usage: finishes-pool.py pool|executor
import os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool


def note(text):
    with open('story.txt', 'a') as file:
        file.write(text + '\n')


def task(number):
    note(f'begun {number}')
    time.sleep(1.5)
    note(f'done {number}')
    return number


asked = False


def ask(*_):
    global asked
    # A worker that is forked inherits the handler: it must die of the signal as any worker of the library.
    if os.getpid() != main:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    asked = True


if __name__ == '__main__':
    main = os.getpid()
    signal.signal(signal.SIGTERM, ask)
    if sys.argv[1] == 'pool':
        with Pool(2) as pool:
            results = [pool.apply_async(task, (n,)) for n in range(2)]
            while not asked:
                time.sleep(0.02)
            values = [result.get() for result in results]
    else:
        with ProcessPoolExecutor(2) as executor:
            results = [executor.submit(task, n) for n in range(2)]
            while not asked:
                time.sleep(0.02)
            values = [result.result() for result in results]
    note(f'finished {values}')
