// Several sequences of lines into one, by time. Each sequence keeps its own order; equal times keep the order of the sequences.
import type { LogLine } from './log-line.ts';

const BATCH_LINES = 1000;

export async function* mergeByTime(sequences: AsyncGenerator<LogLine[]>[]): AsyncGenerator<LogLine[]> {
  const heads = (await Promise.all(sequences.map(nextHead))).filter((head) => head !== null);
  if (heads.length === 1) {
    yield heads[0]!.lines;
    yield* heads[0]!.sequence;
    return;
  }
  let batch: LogLine[] = [];
  while (heads.length > 0) {
    const head = earliest(heads);
    batch.push(head.lines[head.at]!);
    head.at += 1;
    if (head.at === head.lines.length) await advance(heads, head);
    if (batch.length >= BATCH_LINES) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

type Head = { sequence: AsyncGenerator<LogLine[]>; lines: LogLine[]; at: number };

async function nextHead(sequence: AsyncGenerator<LogLine[]>): Promise<Head | null> {
  for (;;) {
    const { value, done } = await sequence.next();
    if (done) return null;
    if (value.length > 0) return { sequence, lines: value, at: 0 };
  }
}

function earliest(heads: Head[]): Head {
  let best = heads[0]!;
  for (const head of heads) if (head.lines[head.at]!.timeMs < best.lines[best.at]!.timeMs) best = head;
  return best;
}

async function advance(heads: Head[], head: Head): Promise<void> {
  const next = await nextHead(head.sequence);
  if (next === null) heads.splice(heads.indexOf(head), 1);
  else heads[heads.indexOf(head)] = next;
}
