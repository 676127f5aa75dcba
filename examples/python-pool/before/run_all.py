#!/usr/bin/env python3
"""The classic script: starts seven workers, one log writer and one chat bot, and tries to keep them in order."""
import logging
import logging.handlers
import multiprocessing
import os
import signal
import subprocess
import sys
import time

WORKERS = 7
PID_FILE = "feishu_pid.txt"
LOG_FILE = "run_all.log"


def use_log_queue(log_queue):
    """Every process sends its lines into the queue, so that they do not write into one file at once."""
    root = logging.getLogger()
    root.handlers = [logging.handlers.QueueHandler(log_queue)]
    root.setLevel(logging.INFO)


def log_writer(log_queue):
    """The one process that drains the queue into the file."""
    handler = logging.FileHandler(LOG_FILE, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(processName)s %(message)s"))
    while True:
        record = log_queue.get()
        if record is None:
            break
        handler.handle(record)


def worker(number, log_queue):
    use_log_queue(log_queue)
    logging.info("worker %d of %d started", number, WORKERS)
    batch = 0
    while True:
        batch += 1
        time.sleep(0.2)
        logging.info("worker %d finished batch %d", number, batch)


def feishu_bot(log_queue):
    """Answers people in the chat. Two of them would answer everything twice."""
    use_log_queue(log_queue)
    logging.info("bot is online")
    while True:
        time.sleep(0.5)
        logging.info("bot answered a message")


def kill_old_bot():
    """The last run may have left a bot behind: read its pid, end it, and hope that the pid is still its own."""
    if not os.path.exists(PID_FILE):
        return
    with open(PID_FILE, encoding="utf-8") as file:
        pid = int(file.read())
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/PID", str(pid)], check=False)
    else:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os.remove(PID_FILE)


def start(target, *arguments):
    process = multiprocessing.Process(target=target, args=arguments, name=target.__name__, daemon=True)
    process.start()
    return process


def main():
    log_queue = multiprocessing.Queue()
    start(log_writer, log_queue)
    kill_old_bot()
    bot = start(feishu_bot, log_queue)
    with open(PID_FILE, "w", encoding="utf-8") as file:
        file.write(str(bot.pid))
    workers = [start(worker, number, log_queue) for number in range(1, WORKERS + 1)]
    try:
        while True:
            time.sleep(1)
            for index, process in enumerate(workers):
                if not process.is_alive():  # no back-off, no limit: a broken worker is started once a second for ever
                    workers[index] = start(worker, index + 1, log_queue)
    except KeyboardInterrupt:
        for process in [*workers, bot]:
            process.terminate()
        os.remove(PID_FILE)


if __name__ == "__main__":
    main()
