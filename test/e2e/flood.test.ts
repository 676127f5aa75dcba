// A stream that floods gets a wider pipe, from the supervisor that is asked by the log writer; others stay as they are.

import { closeSync, constants, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fifoPaths, projectPaths } from '../../src/api/paths.ts';
import type { InstanceId } from '../../src/core/spec.ts';
import { cLibrary } from '../../src/os/c-library.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const F_GETPIPE_SZ = 1032;

function pipeBytes(project: Project, instance: string, stream: 'out' | 'err' = 'out'): number {
  const path = fifoPaths(projectPaths(project.root), instance as InstanceId)[stream];
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return cLibrary()!.func('int fcntl(int, int, int)')(fd, F_GETPIPE_SZ, 0);
  } finally {
    closeSync(fd);
  }
}

test.skipIf(cLibrary() === null)(
  'an instance that floods gets a bigger pipe, which outlives the supervisor',
  async () => {
    const flood = 'yes 0123456789 | head -c 50000000; sleep 1000';
    const project = createProject({
      'procs.yaml': [
        'log_queues: { default: { format: raw, rotate: { size: 8MiB, keep: 1 } } }',
        'services:',
        `  flood: { command: "${flood}" }`,
        '  calm: { command: "while :; do echo a line; sleep 0.01; done" }',
      ].join('\n'),
    });
    await project.mustOrch(['up', '-d']);
    await waitFor(
      'its pipe is wide',
      async () => pipeBytes(project, 'flood.1'),
      (bytes) => bytes === 256 * 1024,
      20_000,
    );
    expect(pipeBytes(project, 'flood.1', 'err')).toBe(64 * 1024);
    expect(pipeBytes(project, 'calm.1')).toBe(64 * 1024);
    expect((await project.mustOrch(['events'])).stdout).not.toContain('stream_flooded');

    const { supervisor, services } = await project.ps();
    process.kill(supervisor.pid, 'SIGKILL');
    await project.mustOrch(['up', '-d']);
    const pidsOf = (all: typeof services) => all.flatMap(({ instances }) => instances.map(({ pid }) => pid));
    expect(pidsOf((await project.ps()).services)).toEqual(pidsOf(services));
    expect(pipeBytes(project, 'flood.1')).toBe(256 * 1024);
  },
);
