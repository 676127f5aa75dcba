/* mark NAME STARTS ALIVE [die | log | touch FILE]: writes "NAME PID NANOSECONDS\n" of CLOCK_MONOTONIC to the FIFO STARTS when it
 * runs, and keeps the FIFO ALIVE open: at its end of file, all are gone. `die` then ends with 1; `log` prints "ready", `touch`
 * creates FILE, both 50 ms later. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int alive = open(argv[3], O_WRONLY | O_CLOEXEC);
  int starts = open(argv[2], O_WRONLY | O_CLOEXEC);
  if (alive < 0 || starts < 0) return 3;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[256];
  int length = snprintf(line, sizeof line, "%.100s %d %lld\n", argv[1], getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
  if (write(starts, line, length) != length) return 4;
  close(starts);
  const char *mode = argc > 4 ? argv[4] : "";
  if (strcmp(mode, "die") == 0) return 1;
  if (*mode) usleep(50000);
  if (strcmp(mode, "log") == 0 && write(1, "ready\n", 6) != 6) return 5;
  if (strcmp(mode, "touch") == 0 && argc > 5) close(open(argv[5], O_CREAT | O_WRONLY, 0600));
  for (;;) pause();
}
