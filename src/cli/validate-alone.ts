// Entry of the bundle of `orch validate`, a process that ends before V8's optimizing compiler has paid off: it would take a
// third of the CPU time. Only code that runs ten times longer than by default is optimized, such as for thousands of services.
import { setFlagsFromString } from 'node:v8';

export { validateCommand } from './commands/validate.ts';

setFlagsFromString('--interrupt-budget=1000000');
