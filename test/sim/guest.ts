// What a simulated process runs: the real entry of the supervisor. Bundled by build.ts, with the doubles in their places.
import '../../src/supervisor/main.ts';
