// Start and stop order over random graphs of real processes (I15). ORDER_GRAPHS sets how many.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { readRecords } from '../rig/records.ts';

const GRAPHS = Number(process.env.ORDER_GRAPHS ?? 10);

/** For each service the earlier ones that it depends on. */
const graph = fc
  .array(fc.array(fc.nat(6), { maxLength: 3 }), { minLength: 2, maxLength: 7 })
  .map((list) => list.map((on, index) => [...new Set(on.filter((other) => other < index))]));

const yaml = (edges: number[][]): string => {
  const services = edges.map((on, index) => {
    const more = on.length > 0 ? `, depends_on: { ${on.map((other) => `s${other}: ready`).join(', ')} }` : '';
    const probe = 'readiness: { log: "^recorded$" }';
    return `  s${index}: { command: [node, PROGRAMS/records-start-stop.mjs, record.txt], ${probe}${more} }`;
  });
  return `services:\n${services.reverse().join('\n')}\n`;
};

test(`${GRAPHS} random graphs start and stop in order`, { timeout: GRAPHS * 12_000 + 30_000 }, async () => {
  for (const edges of fc.sample(graph, { numRuns: GRAPHS, seed: 1 })) {
    const project = createProject({ 'procs.yaml': yaml(edges) });
    await project.up();
    await project.down();
    const story = readRecords(project.path('record.txt'));
    const at = (event: string, index: number) =>
      story.findIndex((one) => one.event === event && one.id === `s${index}.1`);
    for (const [index, on] of edges.entries()) {
      expect(at('start', index)).toBeGreaterThanOrEqual(0);
      for (const other of on) {
        expect(at('start', other), `s${other} starts before s${index}`).toBeLessThan(at('start', index));
        expect(at('stop', index), `s${index} stops before s${other}`).toBeLessThan(at('stop', other));
      }
    }
  }
});
