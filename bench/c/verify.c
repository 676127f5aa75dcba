// Reads on stdin what the writers of lines.c wrote, framed or not, and checks that every line is there once, whole, in order.
// usage: verify TAIL   (TAIL: bytes of frame after the line: 0 for raw and text, 2 for json)
// prints: lines lost doubled torn
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY = 99, WRITERS = 1000 };
static unsigned long expected[WRITERS], lines, lost, doubled, torn;

static int isWhole(const char *body) {
  if (body[0] != 'w' || body[4] != ' ' || body[5] != 'n' || body[16] != ' ') return 0;
  for (int column = 18; column < BODY; column++)
    if (body[column] != (char)('a' + column % 26)) return 0;
  return 1;
}

static void check(const char *line, size_t length, size_t tail) {
  lines++;
  if (length < BODY + tail || !isWhole(line + length - tail - BODY)) {
    torn++;
    return;
  }
  const char *body = line + length - tail - BODY;
  unsigned writer = (unsigned)atoi(body + 1) % WRITERS;
  unsigned long number = strtoul(body + 6, NULL, 10);
  if (number > expected[writer]) lost += number - expected[writer];
  if (number < expected[writer]) doubled++;
  else expected[writer] = number + 1;
}

int main(int argc, char **argv) {
  static char buffer[1 << 22];
  size_t held = 0, tail = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
  for (;;) {
    ssize_t got = read(0, buffer + held, sizeof buffer - held);
    if (got <= 0) break;
    size_t end = held + (size_t)got, from = 0;
    for (char *newline; (newline = memchr(buffer + from, '\n', end - from)) != NULL; from = (size_t)(newline - buffer) + 1)
      check(buffer + from, (size_t)(newline - buffer) - from, tail);
    held = end - from;
    memmove(buffer, buffer + from, held);
  }
  if (held > 0) torn++;
  printf("%lu %lu %lu %lu\n", lines, lost, doubled, torn);
  return 0;
}
