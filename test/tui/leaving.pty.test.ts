// Every way out of the view restores the terminal.
import { describe, expect, test } from 'vitest';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { forever, SIZE, setStage, sttyStates, TIMEOUT_MS, WITH_STTY } from './stage.ts';
import type { HostTerminal } from './terminal-host.ts';

const stage = setStage();

describe('shutdown', () => {
  const restored = { alternateScreen: false, cursorHidden: false, bracketedPaste: false, mouse: 'none', wrap: true };

  async function left(flags: string, leave: (now: HostTerminal) => void | Promise<void>): Promise<string> {
    const now = stage.open(flags, SIZE, WITH_STTY);
    await now.shows('first line of api.1');
    await leave(now);
    await now.exited();
    expect(now.modes()).toMatchObject(restored);
    const [before, after] = sttyStates(now.screen());
    expect(before).toBeDefined();
    expect(after).toBe(before);
    return now.screen();
  }

  test(
    'q in the owning view stops everything, once asked',
    async () => {
      const screen = await left('own', async (now) => {
        now.type('q');
        await now.shows('leave?');
        now.type('s');
      });
      expect(screen).toContain('Stopped 2 instances.');
      expect(screen).toContain('outcome: down');
      expect(stage.supervisor.requests.filter(({ method }) => method === 'down')).toMatchObject([
        { params: { timeoutMs: null } },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'Ctrl-C shows which instances it waits for; a second one stops at once',
    async () => {
      stage.answers.down = async ({ timeoutMs }, call) => {
        if (timeoutMs === 0) return { stopped: 2, leftovers: [{ pid: 77, instance: 'db.1' }] };
        call.event({ remaining: 1, holdingUp: ['db.1 (pid 77) ignores SIGTERM, SIGKILL in 9 s'] });
        return forever;
      };
      const screen = await left('own', async (now) => {
        now.type('\x03');
        await now.shows('db.1 (pid 77) ignores SIGTERM');
        await now.shows('1 left');
        now.type('\x03');
      });
      expect(screen).toContain('Still alive: pid 77 of db.1');
      expect(screen).toContain('outcome: leftovers');
    },
    TIMEOUT_MS,
  );

  test(
    'q in another view leaves everything running',
    async () => {
      expect(await left('', (now) => now.type('q'))).toContain('outcome: quit');
      expect(stage.methods()).not.toContain('down');
    },
    TIMEOUT_MS,
  );

  test(
    'd sends disown, then leaves',
    async () => {
      expect(await left('own', (now) => now.type('d'))).toContain('outcome: detached');
      expect(stage.methods()).toContain('disown');
      expect(stage.methods()).not.toContain('down');
    },
    TIMEOUT_MS,
  );

  test(
    'a lost supervisor keeps the screen; the user leaves',
    async () => {
      const screen = await left('own next', async (now) => {
        await stage.supervisor.close();
        await now.shows('no supervisor answers since');
        await now.shows('first line of api.1');
        expect(now.modes().alternateScreen).toBe(true);
        now.type('qd');
      });
      expect(screen).toContain('outcome: lost');
    },
    TIMEOUT_MS,
  );

  test(
    'a project stopped by another client ends the view',
    async () => {
      const screen = await left('', async (now) => {
        const [api, ...rest] = sampleStatus().services;
        const stopped = api!.instances.map((each) => ({ ...each, state: 'stopped' as const, pid: null }));
        stage.tell('going_down', 'Everything is being stopped.');
        stage.send(sampleStatus({ services: [{ ...api!, instances: stopped }, ...rest] }));
        await now.shows('■ stopped');
        await stage.supervisor.close();
      });
      expect(screen).toContain('outcome: down');
    },
    TIMEOUT_MS,
  );

  test(
    'a supervisor lost while no instance is alive ends the view',
    async () => {
      const screen = await left('own', async (now) => {
        const [api, ...rest] = sampleStatus().services;
        const idle = api!.instances.map((each) => ({ ...each, state: 'stopped' as const, pid: null }));
        stage.send(sampleStatus({ services: [{ ...api!, instances: idle }, ...rest] }));
        await now.shows('■ stopped');
        await stage.supervisor.close();
      });
      expect(screen).toContain('outcome: lost');
    },
    TIMEOUT_MS,
  );

  test.each(['TERM', 'HUP', 'QUIT'])(
    'SIG%s restores the terminal and then ends the process',
    async (signal) => {
      const direct = stage.open(
        '',
        SIZE,
        WITH_STTY.replace('HOST', () => 'sh -c \'echo "pid $$"; exec HOST\''),
      );
      await direct.shows('first line of api.1');
      const pid = Number(/pid (\d+)/.exec(direct.raw())![1]);
      process.kill(pid, `SIG${signal}`);
      await direct.exited();
      expect(direct.modes()).toMatchObject(restored);
      const [before, after] = sttyStates(direct.screen());
      expect(after).toBe(before);
      expect(direct.screen()).toMatch(/code (143|129|131)/);
    },
    TIMEOUT_MS,
  );

  test(
    'an uncaught exception restores the terminal and is reported',
    async () => {
      const now = stage.open('crash', SIZE, WITH_STTY);
      await now.exited();
      expect(now.modes()).toMatchObject(restored);
      const [before, after] = sttyStates(now.screen());
      expect(after).toBe(before);
      expect(now.screen()).toContain('failed: planted');
    },
    TIMEOUT_MS,
  );
});

describe('suspend', () => {
  test(
    'Ctrl-Z gives the terminal to the shell, fg resumes',
    async () => {
      const now = stage.open('', SIZE, "PS1='shell> ' PROGRAM='HOST' exec bash --norc --noprofile -i");
      await now.shows('shell>');
      now.type('$PROGRAM\r');
      await now.shows('first line of api.1');
      now.type('\x1a');
      await waitFor('the shell is back', now.modes, (modes) => !modes.alternateScreen && !modes.cursorHidden);
      expect(now.modes().mouse).toBe('none');
      now.type('echo back in the $((40+2))\r');
      await now.shows('back in the 42');
      now.type('fg\r');
      await now.shows('NAME');
      await waitFor('the view has the mouse again', now.modes, ({ mouse }) => mouse === 'drag');
      now.type('w');
      await now.shows('it exits at once');
      now.type('\x1b');
      await now.shows('NAME');
      now.type('q');
      await now.shows('outcome: quit');
      now.type('exit\r');
      await now.exited();
    },
    TIMEOUT_MS,
  );
});
