// Watches argv[2] where inotify has nothing left to give; prints why it was degraded, then `seen` when the file changes.
import { watchFiles } from '../../../src/os/watch/watch-files.ts';

const [path = ''] = process.argv.slice(2);
let stands = false;
const watch = watchFiles(
  [path],
  () => {
    if (!stands) return;
    process.stdout.write('seen\n');
    void watch.close();
    clearInterval(loop);
  },
  {
    onDegraded: (why) => {
      stands = true;
      process.stdout.write(`${why}\n`);
    },
  },
);
const loop = setInterval(() => undefined, 1000);
