// The client against a scripted supervisor on a real unix socket: answers, streams, torn frames, lost connections.
import { rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Client, type ClientError, connect } from '../../src/api/client.ts';
import { MAX_FRAME_BYTES } from '../../src/api/protocol.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from './fake-supervisor.ts';

let supervisor: FakeSupervisor;
let client: Client;

async function connected(answers: Answers): Promise<Client> {
  supervisor = await startFakeSupervisor(answers);
  client = (await connect(supervisor.paths))!;
  return client;
}
afterEach(async () => {
  client?.close();
  await supervisor?.close();
});

/** An answer that never comes. */
const silence = () => new Promise<never>(() => undefined);

const wireOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => (error as ClientError).wire,
  );
const until = async (condition: () => boolean) => {
  await expect.poll(condition, { timeout: 5000, interval: 5 }).toBe(true);
};

describe('connect', () => {
  test('is null if no process listens: no socket, no directory, a stale socket', async () => {
    supervisor = await startFakeSupervisor();
    await supervisor.close();
    expect(await connect(supervisor.paths)).toBeNull();
  });

  test('is null for a regular file or a stale socket in place of the socket', async () => {
    supervisor = await startFakeSupervisor();
    await rm(supervisor.paths.socket);
    await writeFile(supervisor.paths.socket, '');
    expect(await connect(supervisor.paths)).toBeNull();
  });
});

describe('request', () => {
  test('gives the result of its own answer, in any order of answers', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await connected({
      why: async ({ name }) => {
        if (name === 'slow') await held;
        else setImmediate(release);
        return { explanations: [{ id: name, state: 'ready', causes: [], unblock: null }] };
      },
    });
    const [slow, fast] = await Promise.all([
      client.request('why', { name: 'slow' }),
      client.request('why', { name: 'fast' }),
    ]);
    expect([slow.explanations[0]!.id, fast.explanations[0]!.id]).toEqual(['slow', 'fast']);
  });

  test('rejects with the error of the supervisor', async () => {
    await connected({
      start: () => {
        throw { code: 'not-found', message: 'no service `apu`', hint: 'did you mean `api`?' };
      },
    });
    expect(await wireOf(client.request('start', { names: ['apu'] }))).toEqual({
      code: 'not-found',
      message: 'no service `apu`',
      hint: 'did you mean `api`?',
    });
  });

  test('everything pending rejects with `lost` when the supervisor goes away, and later requests too', async () => {
    await connected({
      why: silence,
      status: (_params, call) => {
        call.hangUp();
        return silence();
      },
    });
    const pending = wireOf(client.request('why', { name: 'api' }));
    const cut = wireOf(client.request('status', {}));
    expect([await pending, await cut]).toMatchObject([{ code: 'lost' }, { code: 'lost' }]);
    await client.closed;
    expect(await wireOf(client.request('status', {}))).toMatchObject({ code: 'lost' });
  });

  test('a request over the frame cap is refused here and sends nothing', async () => {
    await connected({});
    const name = 'x'.repeat(MAX_FRAME_BYTES);
    expect(await wireOf(client.request('why', { name }))).toMatchObject({ code: 'usage' });
    expect(supervisor.requests).toEqual([]);
  });
});

describe('frames', () => {
  test('characters and lines cut anywhere between chunks arrive whole', async () => {
    await connected({ why: silence });
    const answers = Promise.all(['a', 'b'].map((name) => client.request('why', { name })));
    await until(() => supervisor.requests.length === 2);
    const text = [1, 2].map((id) => `${JSON.stringify({ id, result: { explanations: ['żółw 🐢 €'] } })}\n`).join('');
    for (const byte of Buffer.from(text)) {
      supervisor.sendRaw(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect(await answers).toEqual([{ explanations: ['żółw 🐢 €'] }, { explanations: ['żółw 🐢 €'] }]);
  });

  test('a line over the cap ends the connection and says so', async () => {
    await connected({ status: silence });
    const pending = wireOf(client.request('status', {}));
    await until(() => supervisor.requests.length === 1);
    supervisor.sendRaw(Buffer.alloc(MAX_FRAME_BYTES + 2, 'x'));
    expect(await pending).toMatchObject({ code: 'lost', message: expect.stringContaining(`${MAX_FRAME_BYTES} bytes`) });
  });

  test('a line that is not a reply ends the connection and is quoted', async () => {
    await connected({ status: silence });
    const pending = wireOf(client.request('status', {}));
    await until(() => supervisor.requests.length === 1);
    supervisor.sendRaw('HTTP/1.1 400 Bad Request\n');
    expect(await pending).toMatchObject({ code: 'lost', message: expect.stringContaining('HTTP/1.1 400') });
  });
});

describe('stream', () => {
  test('delivers events until its result', async () => {
    await connected({
      down: (_params, call) => {
        call.event({ remaining: 2, holdingUp: [] });
        call.event({ remaining: 1, holdingUp: ['db.1 (pid 42)'] });
        return { stopped: 2, leftovers: [] };
      },
    });
    const remaining: number[] = [];
    const { done } = client.stream('down', { timeoutMs: null }, (event) => remaining.push(event.remaining));
    expect(await done).toEqual({ stopped: 2, leftovers: [] });
    expect(remaining).toEqual([2, 1]);
  });

  test('delivers nothing after cancel', async () => {
    await connected({
      watchStatus: (_params, call) => {
        call.event(sampleStatus());
        return silence();
      },
    });
    let seen = 0;
    const stream = client.stream('watchStatus', { minIntervalMs: 10 }, () => {
      seen++;
      stream.cancel();
    });
    expect(await wireOf(stream.done)).toMatchObject({ code: 'cancelled' });
    supervisor.sendRaw(`${JSON.stringify({ id: 1, event: sampleStatus() })}\n`);
    await wireOf(client.request('hello', {}));
    expect(seen).toBe(1);
  });
});

test('close ends the connection for the supervisor as well', async () => {
  await connected({});
  client.close();
  await client.closed;
  await until(() => supervisor.clientCount === 0);
});
