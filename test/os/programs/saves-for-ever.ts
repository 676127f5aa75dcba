// Saves numbered, self-describing states of changing size to argv[2] until it is killed; prints each number once durable.
import { createStateFile } from '../../../src/os/state-file.ts';

const file = createStateFile(process.argv[2] ?? '');
for (let number = Number(process.argv[3]); ; number++) {
  await file.save(JSON.stringify({ number, filler: 'x'.repeat((number % 7) * 30_000), end: number }));
  process.stdout.write(`${number}\n`);
}
