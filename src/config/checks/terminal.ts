// `tty` needs a package with a native part, and a process between orch and the program: what does not go with that is told
// at load instead of at the first start.
import { createRequire } from 'node:module';
import type { Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { problemAt } from '../problem.ts';
import type { Tree } from '../tree/tree.ts';
import { type Clash, clashProblems } from './clashes.ts';
import { placesIn } from './places.ts';

/** @param missing why this machine has no pseudo-terminals for us; null: it has */
export function checkTerminals(config: ProjectConfig, tree: Tree, missing = whyMissing): Problem[] {
  const services = config.services.filter(({ tty }) => tty);
  if (services.length === 0) return [];
  const placeOf = placesIn(tree);
  const reason = missing();
  return services.flatMap((spec) => {
    const clashes = clashProblems(spec, tree, clashesOf(spec), 'tty', 'tty-clash');
    if (reason === null) return clashes;
    const message = `\`tty\` is not to be had here: ${reason}`;
    const hint = 'install the optional package @lydell/node-pty, or take `tty` out';
    return [
      problemAt(placeOf(['services', spec.name, 'tty']), { code: 'not-supported-here', message, hint }),
      ...clashes,
    ];
  });
}

function clashesOf({ stdin, listen, exitRecord }: ServiceSpec): Clash[] {
  const clashes: Clash[] = [];
  if (stdin) clashes.push(['stdin', 'the program reads from its terminal']);
  if (listen.length > 0) clashes.push(['listen', 'sockets cannot be passed on through a terminal']);
  if (exitRecord) clashes.push(['exit_record', 'the process that holds the terminal must be the main one']);
  return clashes;
}

/** As runtime/tty/pty.ts, which this must not import. */
function whyMissing(): string | null {
  if (process.platform === 'win32') return 'pseudo-terminals are not supported on Windows';
  try {
    createRequire(import.meta.url)('@lydell/node-pty');
    return null;
  } catch {
    return 'the package @lydell/node-pty is not installed, or not made for this system';
  }
}
