// One run: does its work and ends with 0. `slowly` takes longer than the second between two runs.
import { setTimeout } from 'node:timers/promises';

const [how = 'quick'] = process.argv.slice(2);
if (how === 'slowly') await setTimeout(2_500);
console.log(`${process.env.ORCH_INSTANCE_ID}: a ${how} report`);
