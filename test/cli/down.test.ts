// `orch down` while the supervisor hands over to the next one.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Answers, type FakeSupervisor, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { runCommand } from './run-command.ts';

let supervisor: FakeSupervisor;
const answers: Answers = {};
beforeEach(async () => {
  supervisor = await startFakeSupervisor(answers);
});
afterEach(() => supervisor.close());

test('down asks the next supervisor if the first one hands over', async () => {
  let round = 0;
  answers.down = (_params, call) => {
    setTimeout(call.hangUp, 20);
    if (++round === 1) throw { code: 'handing-over', message: 'another supervisor takes over' };
    return { stopped: 2, leftovers: [] };
  };
  expect(await runCommand(['down'], { cwd: supervisor.paths.root })).toEqual({
    code: 0,
    stdout: 'everything is down (2 instances stopped)\n',
    stderr: '',
  });
  expect(round).toBe(2);
});
