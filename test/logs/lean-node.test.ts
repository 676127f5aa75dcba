// The log writer is small while little happens, and is compiled soon once much does.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { leanNodeOptions } from '../../src/logs/lean-node.ts';

const { node } = process.versions;
const CALLS = 300;
/** A bit of what V8 says of a function. */
const OPTIMIZED = 16;

/** Runs a function as often as a flood of some 20 MiB would, and prints whether V8 has optimized it by then. */
const program = (isFlood: boolean) => `
  const { compileSoon } = require('lean-node');
  if (${isFlood}) compileSoon();
  function hot(n) { let sum = 0; for (let i = 0; i < n; i++) sum = (sum + i * 7) % 1000003; return sum; }
  let calls = 0;
  const go = () => {
    hot(40);
    calls += 1;
    if (calls < ${CALLS}) setImmediate(go);
    else setTimeout(() => { hot(40); console.log((statusOf(hot) & ${OPTIMIZED}) !== 0); }, 50);
  };
  go();`;

// Other versions are not held back by a budget.
test.runIf(node.startsWith('20.')).each([
  { when: 'without a flood', isFlood: false },
  { when: 'from the first flood on', isFlood: true },
])('$when: is what runs often compiled? $isFlood', async ({ isFlood }) => {
  const { outputFiles } = await build({
    stdin: { contents: program(isFlood), loader: 'js' },
    alias: { 'lean-node': join(import.meta.dirname, '../../src/logs/lean-node.ts') },
    // Not for esbuild, which does not know this syntax.
    banner: { js: 'const statusOf = new Function("f", "return %GetOptimizationStatus(f)");' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
  });
  const args = [...leanNodeOptions(node), '--allow-natives-syntax', '-e', outputFiles[0]!.text];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe(String(isFlood));
});
