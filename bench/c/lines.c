// Writes numbered lines of 100 bytes to stdout as fast as it can.
// usage: lines WRITER MIB BYTES_PER_WRITE   (BYTES_PER_WRITE 0: one write a line)
// Line: `w003 n0000000042 abcdef…` + newline. Lines straddle writes, as those of real programs do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 100, LINES = 8192 };
static char block[LINE * LINES];

static void stamp(char *digits, unsigned long number) {
  for (int at = 9; at >= 0; at--, number /= 10) digits[at] = (char)('0' + number % 10);
}

static void put(const char *from, size_t length) {
  while (length > 0) {
    ssize_t written = write(1, from, length);
    if (written <= 0) exit(1);
    from += written;
    length -= (size_t)written;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  unsigned long total = strtoul(argv[2], NULL, 10) * 1024 * 1024 / LINE;
  size_t chunk = strtoul(argv[3], NULL, 10);
  for (int line = 0; line < LINES; line++) {
    char *at = block + line * LINE;
    for (int column = 0; column < LINE - 1; column++) at[column] = (char)('a' + column % 26);
    snprintf(at, LINE, "w%03d n%010d ", atoi(argv[1]), 0);
    at[17] = 'r';
    at[LINE - 1] = '\n';
  }
  for (unsigned long number = 0; number < total;) {
    unsigned long lines = total - number < LINES ? total - number : LINES;
    for (unsigned long line = 0; line < lines; line++) stamp(block + line * LINE + 6, number + line);
    size_t bytes = lines * LINE, step = chunk == 0 ? LINE : chunk;
    for (size_t at = 0; at < bytes; at += step) put(block + at, bytes - at < step ? bytes - at : step);
    number += lines;
  }
  return 0;
}
