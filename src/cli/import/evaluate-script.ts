// Evaluates a configuration that is JavaScript, in a process of its own: no network, no writing, no children, a time limit.
import type { EvaluateScript } from '../../import/model/import-context.ts';

export const evaluateScript: EvaluateScript = async () => ({ ok: false, problem: 'not there yet' });
