// Acting in a real pseudo-terminal: the palette, the editor, a URL, and what they ask the supervisor.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { instanceStatus, pool, serviceStatus, shopStatus } from './sample.ts';
import { setStage, sttyStates, TIMEOUT_MS, withSttyAnd } from './stage.ts';

const stage = setStage();
const requestsOf = (...methods: string[]) =>
  stage.supervisor.requests
    .filter(({ method }) => methods.includes(method))
    .map(({ method, params }) => [method, params]);

test(
  'the palette finds commands, chooses, asks, and does them',
  async () => {
    stage.answers.signal = ({ name }) => ({ instances: [name] });
    stage.answers.reload = ({ name }) => ({ instances: [{ id: name, how: 'SIGHUP', error: null }] });
    stage.answers.pause = () => ({ paused: { since: '2026-03-01T12:00:00.000Z', edits: 0 }, already: false });
    stage.answers.rollback = () => ({ generation: 4, to: 2, changed: true });
    const now = await stage.opened();
    stage.send({ ...sampleStatus(), generation: 3 });
    await now.shows('generation 3');
    now.type(':');
    await now.shows(/── : +─+ \d+ commands ──/);
    await now.shows(/▌ restart api +r/);
    now.type('re api.1');
    await now.shows(/▌ restart api\.1/);
    now.type('\r');
    await now.shows('restarting api.1');
    now.type(':restart api\r');
    await now.shows('restart all 2 instances of api?');
    now.type('y');
    await now.shows(/restarting api(?!\.)/);
    now.type(':signal api.2\r');
    await now.shows(/signal api\.2 with {2}HUP/);
    now.type('usr2\r');
    await now.shows('USR2 sent to api.2');
    now.type(':reload api.1\r');
    await now.shows('reloaded api.1 (SIGHUP)');
    now.type(':pause\r');
    await now.shows('edits of the files wait from now on');
    now.type(':roll back\r');
    await now.shows('put the configuration before this one in force?');
    now.type('\r');
    await now.shows('the configuration of generation 2 is in force again');
    now.type(':events\x1b[B\x1b[A\r');
    await now.shows(/── events ─/);
    now.type(':nothing like it');
    await now.shows('no command has these letters');
    now.type('\x1b');
    await now.shows(/── events ─/);
    expect(requestsOf('restart', 'signal', 'reload', 'pause', 'rollback')).toEqual([
      ['restart', { names: ['api.1'] }],
      ['restart', { names: ['api'] }],
      ['signal', { name: 'api.2', signal: 'USR2' }],
      ['reload', { name: 'api.1' }],
      ['pause', {}],
      ['rollback', { to: null }],
    ]);
  },
  TIMEOUT_MS,
);

test(
  'marked rows are restarted together; Esc unmarks',
  async () => {
    const now = await stage.opened();
    now.type('j \x1b[B '); // api.1, then db
    await now.shows(/◆ +· api\.1[\s\S]*◆ +db/);
    await now.shows(' 2 marked ');
    now.type('r');
    await now.shows('restart all 2 instances of the 2 that are marked?');
    now.type('y');
    await now.shows('restarting 2 services');
    now.type('\x1b');
    await waitFor('nothing is marked', now.screen, (screen) => !screen.includes('◆') && !screen.includes('marked'));
    expect(requestsOf('restart')).toEqual([['restart', { names: ['api.1', 'db'] }]]);
  },
  TIMEOUT_MS,
);

test(
  'a scale is undone',
  async () => {
    const now = await stage.opened();
    now.type('+\r');
    await now.shows('procs.yaml: api scaled to 3');
    now.type('u');
    await now.shows('scale api back to 2 in procs.yaml?');
    now.type('y');
    await now.shows('procs.yaml: api scaled to 2');
    now.type('+\t\r');
    await now.shows('api scaled to 3 as an override');
    now.type('uy');
    await now.shows('as its file says');
    expect(requestsOf('scale').map(([, params]) => params)).toEqual([
      { service: 'file:api', size: 3 },
      { service: 'file:api', size: 2 },
      { service: 'api', size: 3 },
      { service: 'api', size: null },
    ]);
  },
  TIMEOUT_MS,
);

/** An editor that shows what it was given, and reads a line. @returns the shell command of a view that uses it */
function withEditor(exitCode = 0): string {
  const file = join(stage.supervisor.paths.root, 'vim');
  const text = `#!/bin/sh\ntrap : INT\nprintf 'editing %s\\n' "$*"\nread answer || read answer\nprintf 'read <%s>\\n' "$answer"\nsleep 0.3\nexit ${exitCode}\n`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return withSttyAnd(`EDITOR='${file} -n'`);
}

test(
  'the editor has the terminal for itself; then the screen is as before',
  async () => {
    const now = stage.open('own colour file editor', undefined, withEditor());
    await now.shows('first line of api.1');
    const before = now.screen();
    now.type('E');
    await now.shows(`editing -n +7 ${stage.supervisor.paths.root}/procs.yaml`);
    expect(now.modes()).toMatchObject({
      alternateScreen: false,
      cursorHidden: false,
      bracketedPaste: false,
      wrap: true,
    });
    now.type('rsq\x03'); // no key of the view; Ctrl-C ends neither
    now.type('\x15hello\r');
    await now.shows('read <hello>');
    expect(now.modes().alternateScreen).toBe(false);
    await now.shows('NAME');
    expect(now.modes()).toMatchObject({ alternateScreen: true, cursorHidden: true, bracketedPaste: true });
    expect(now.screen()).toBe(before);
    expect(requestsOf('restart', 'stop', 'down')).toEqual([]);
    now.type('r'); // the keyboard is the view's again
    await now.shows('restart all 2 instances of api?');
    now.type('\x03');
    await now.shows('outcome: down');
    await now.exited();
    const [first, second] = sttyStates(now.screen());
    expect(first).toBeTruthy();
    expect(second).toBe(first);
  },
  TIMEOUT_MS,
);

test(
  'an editor that fails or is missing is named',
  async () => {
    const now = stage.open('own colour file editor', undefined, withEditor(3));
    await now.shows('first line of api.1');
    now.type('E');
    await now.shows('editing');
    now.type('\r');
    await now.shows(/vim -n ended with exit code 3/);
    const missing = stage.open('colour editor', undefined, 'EDITOR=no-such-editor HOST');
    await missing.shows('first line of api.1');
    missing.type('E');
    await missing.shows('no-such-editor: not found; $EDITOR names the editor');
    missing.type('GE');
    await missing.shows('NAME');
  },
  TIMEOUT_MS,
);

test(
  'the end of the project waits for the editor',
  async () => {
    const now = stage.open('colour editor', undefined, withEditor());
    await now.shows('first line of api.1');
    now.type('E');
    await now.shows('editing');
    await stage.supervisor.close();
    now.type('done\r');
    await now.shows('read <done>');
    await now.shows('outcome: lost');
    await now.shows('code 0');
  },
  TIMEOUT_MS,
);

test(
  'a URL is copied where no browser can open, and given to $BROWSER',
  async () => {
    const web = serviceStatus('web', [instanceStatus('web.1', 'ready', { port: 8080 })]);
    const now = await stage.opened();
    stage.send(shopStatus({ services: [web, pool('api', 2)] }));
    await now.shows(/web +● ready +8080|8080/);
    now.type('b');
    await now.shows("http://127.0.0.1:8080 sent to the terminal's clipboard");
    expect(now.modes().clipboard).toEqual([`c;${Buffer.from('http://127.0.0.1:8080').toString('base64')}`]);
    const browsing = stage.open('colour', undefined, 'BROWSER=true HOST');
    await browsing.shows('first line of api.1');
    stage.send(shopStatus({ services: [web, pool('api', 2)] }));
    await browsing.shows('8080');
    browsing.type('b');
    await browsing.shows('opening http://127.0.0.1:8080');
    expect(browsing.modes().clipboard).toEqual([]);
  },
  TIMEOUT_MS,
);
