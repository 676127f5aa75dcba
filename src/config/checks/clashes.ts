// Keys of one service that do not go together, each told at its place.
import type { Problem, ServiceSpec } from '../../core/model.ts';
import { problemAt } from '../problem.ts';
import type { Tree } from '../tree/tree.ts';
import { placesIn } from './places.ts';

/** A key of the service, dots between its parts, and why it cannot stand beside the other. */
export type Clash = [key: string, why: string];

/** @param other the key that they clash with; @param code of the problems */
export function clashProblems(spec: ServiceSpec, tree: Tree, clashes: Clash[], other: string, code: string): Problem[] {
  const placeOf = placesIn(tree);
  return clashes.map(([key, why]) =>
    problemAt(placeOf(['services', spec.name, ...key.split('.')]), {
      code,
      message: `\`${key}\` does not go with \`${other}\`: ${why}`,
      hint: 'take one of the two out',
    }),
  );
}
