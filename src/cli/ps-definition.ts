// The table of `orch ps`, apart from the others: the fast path in main.ts needs this one and no more.
import type { CommandDefinition } from './definition.ts';
import { runPs } from './ps.ts';

export const psDefinition: CommandDefinition = {
  name: 'ps',
  group: 'Look',
  summary: 'show what runs',
  details: '',
  arguments: [],
  options: [{ flags: '-w, --wide', description: 'also show log queues and the supervisor; never cut a line' }],
  examples: [
    ['orch ps', 'services with their instances'],
    ['orch ps --json | jq .converged', 'for scripts'],
  ],
  run: runPs,
};
