// The scripts of a package.json -> draft: those that look as if they kept running.
import { type Draft, type DraftService, toServiceNames } from './draft.ts';

const LONG_RUNNING_SCRIPT = /^(start|dev|serve|server|worker|web|api|watch)([:._-].+)?$/;

/**
 * @param text of package.json
 * @param runner `npm`, `pnpm`, `yarn` or `bun`
 * @returns null when it is no JSON or has no such script
 */
export function draftFromPackage(text: string, runner: string): Draft | null {
  const scripts = readScripts(text);
  const names = Object.keys(scripts).filter((name) => LONG_RUNNING_SCRIPT.test(name));
  if (names.length === 0) return null;
  const chosen = chooseScripts(names);
  const rest = Object.keys(scripts).filter((name) => !chosen.includes(name));
  const fitted = toServiceNames(chosen);
  const services = chosen.map((name, index): DraftService => {
    const note = scripts[name]!.replace(/\s+/g, ' ').slice(0, 100);
    return { name: fitted[index]!, command: [runner, 'run', name], notes: [note] };
  });
  const lost = rest.length > 0 ? [`scripts that were left out: ${rest.join(', ')}`] : [];
  return { from: 'package.json', services, envFiles: [], lost };
}

/** Of `start`, `dev`, `serve` and their like only one is the program; `start:api` and `worker` stand beside it. */
function chooseScripts(names: string[]): string[] {
  const parts = names.filter((name) => /[:._-]/.test(name) || name === 'worker');
  const whole = ['start', 'dev', 'serve', 'server', 'web', 'api', 'watch'].find((name) => names.includes(name));
  const ofWhole = parts.filter((name) => whole !== undefined && name.split(/[:._-]/)[0] === whole);
  // `start` beside `start:api` and `start:worker` runs them all.
  if (whole !== undefined && ofWhole.length >= 2)
    return parts.filter((name) => ofWhole.includes(name) || name === 'worker');
  const others = parts.filter((name) => /^worker/.test(name));
  return whole === undefined ? parts : [whole, ...others];
}

function readScripts(text: string): Record<string, string> {
  try {
    const scripts: unknown = (JSON.parse(text) as { scripts?: unknown } | null)?.scripts;
    const pairs = Object.entries((scripts ?? {}) as Record<string, unknown>);
    return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  } catch {
    return {}; // no JSON: nothing to find
  }
}
