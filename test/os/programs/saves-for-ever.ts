// Saves numbered, self-describing states of changing size to argv[2] until it is killed; prints each number once durable.
import { StateFile } from '../../../src/os/state-file.ts';

const file = new StateFile(process.argv[2] ?? '');
for (let number = Number(process.argv[3]); ; number++) {
  await file.save(JSON.stringify({ number, filler: 'x'.repeat((number % 7) * 30_000), end: number }));
  process.stdout.write(`${number}\n`);
}
