// A value, or the problems that stand against it.
import type { Problem } from '../core/model.ts';

export type Result<T> = ({ ok: true } & T) | { ok: false; problems: Problem[] };

export const failed = (...problems: Problem[]): { ok: false; problems: Problem[] } => ({ ok: false, problems });
