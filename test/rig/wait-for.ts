// Waiting for a condition with a deadline: no test sleeps for a fixed time.
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 15;

/**
 * Observes again and again until `holds` is true of what was seen, and returns that.
 *
 * @param what the condition in words, for the failure: `web.1 restarted`
 * @throws after `deadlineMs`, with the last observation
 */
export async function waitFor<Seen>(
  what: string,
  observe: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
  deadlineMs = 10_000,
): Promise<Seen> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const seen = await observe();
    if (holds(seen)) return seen;
    if (performance.now() > endMs) {
      throw new Error(`after ${deadlineMs} ms still not: ${what}\nlast seen: ${describe(seen)}`);
    }
    await pause(POLL_MS);
  }
}

/**
 * Observes for the whole of `durationMs` and fails at once when `holds` is false: for what must not happen.
 */
export async function holdsFor<Seen>(
  what: string,
  observe: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
  durationMs: number,
): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    const seen = await observe();
    if (!holds(seen)) throw new Error(`does not hold: ${what}\nseen: ${describe(seen)}`);
    await pause(POLL_MS);
  }
}

function describe(seen: unknown): string {
  const text = typeof seen === 'string' ? seen : (JSON.stringify(seen, null, 1) ?? String(seen));
  return text.length > 4000 ? `${text.slice(0, 2000)}\n…\n${text.slice(-2000)}` : text;
}
