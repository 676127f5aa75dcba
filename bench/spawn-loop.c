/* spawn-loop N PROGRAM [ARG...]: starts N copies with posix_spawn, each in a session of its own, prints their pids.
 * The bare minimum of what orch does, as a measure. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t files;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  for (int left = atoi(argv[1]); left > 0; left--) {
    pid_t pid;
    if (posix_spawnp(&pid, argv[2], &files, &attributes, argv + 2, environ) != 0) return 1;
    printf("%d\n", (int)pid);
  }
  return 0;
}
