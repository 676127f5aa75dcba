// Expressions of supervisord such as %(ENV_HOME)s and %(process_num)02d. Pure.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import type { PlainMap } from '../model/plain.ts';
import { literal } from '../text/variables.ts';
import { refusal } from './env-variables.ts';

export type ProgramNumbers = {
  name: string;
  /** The first number of its processes. */
  start: number;
  /** The first port, once an expression counts ports. */
  port: number | null;
};

/** `80%(process_num)02d` counts ports; it sets `numbers.port`. */
export function toSupervisordText(text: string, numbers: ProgramNumbers): { text: string; lost: string | null } {
  let lost: string | null = null;
  const replaced = text.replace(
    /(\d*)%\((process_num)\)0?(\d*)d|%\((\w+)\)(?:0?\d*)[sd]|%%|(?:(?!\d*%)[\s\S])+|\d+|%/g,
    (whole, digits: string | undefined, counted?: string, width?: string, name?: string) => {
      if (counted !== undefined) {
        const places = Number(width || '1');
        const port = Number(`${digits}${'0'.repeat(places)}`) + numbers.start;
        if (digits !== '' && port >= 1 && port <= 65_535 && (numbers.port === null || numbers.port === port)) {
          numbers.port = port;
          return '${PORT}';
        }
        if (numbers.start === 1) return `${digits}\${ORCH_INSTANCE}`;
        if (numbers.start === 0) return `${digits}\${ORCH_INDEX}`;
        lost = 'instances count from 1';
        return `${digits}\${ORCH_INSTANCE}`;
      }
      if (whole === '%%') return '%';
      if (name === undefined) return literal(whole);
      if (name.startsWith('ENV_')) return `\${${name.slice(4)}:-}`.replace(/^\$\{(HOME|PATH|USER):-\}$/, '${$1}');
      if (name === 'program_name' || name === 'group_name') return numbers.name;
      if (name === 'here') return '.';
      if (name === 'numprocs') return '${ORCH_POOL_SIZE}';
      if (name === 'host_node_name') return '${HOSTNAME:-}';
      lost = `${whole} is left as it is`;
      return literal(whole);
    },
  );
  return { text: replaced, lost };
}

/** `A="one",B=two,C='x,y'` */
export function pairsOfEnvironment(text: string, numbers: ProgramNumbers): { env: PlainMap; lost: string[] } {
  const env: PlainMap = {};
  const lost: string[] = [];
  for (const [, name, value] of text.matchAll(/([^=\s,]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^,]*)/g)) {
    const reason = refusal(name!);
    if (reason !== null) {
      lost.push(`${name}: ${reason}`);
      continue;
    }
    const plain = value!.trim().replace(/^(["'])([\s\S]*)\1$/, '$2');
    const converted = toSupervisordText(plain, numbers);
    if (converted.lost !== null) lost.push(converted.lost);
    env[name!] = converted.text;
  }
  return { env, lost };
}
