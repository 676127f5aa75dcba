// Two services cannot hold the same socket, nor one the same socket twice.

import type { Problem, ProjectConfig } from '../../core/model.ts';
import { describePlace } from '../files/source-file.ts';
import { printAddress } from '../print-address.ts';
import { problemAt, quote } from '../problem.ts';
import type { Tree } from '../tree/tree.ts';
import { placesIn } from './places.ts';

export function checkListening(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  const owners = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, listen } of config.services) {
    for (const address of listen.map(printAddress)) {
      const owner = owners.get(address);
      owners.set(address, owner ?? name);
      if (owner === undefined) continue;
      const where = describePlace(placeOf(['services', owner, 'listen']));
      const message = `${quote(name)} listens on ${address}, which ${owner === name ? 'it names already' : `${quote(owner)} has (${where})`}`;
      const hint = 'one service holds a socket; its whole pool shares it';
      problems.push(problemAt(placeOf(['services', name, 'listen']), { code: 'listen-twice', message, hint }));
    }
  }
  return problems;
}
