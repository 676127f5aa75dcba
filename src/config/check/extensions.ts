// `!append` and `!prepend` where the value below is not a list.
import type { Problem } from '../../core/load-result.ts';
import { problemAt } from '../problem/problem.ts';
import { describePlace } from '../problem/source-file.ts';
import type { ListTree, Tree } from '../tree/tree.ts';

export function findBadExtensions(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  addBadExtensions(tree, problems);
  return problems;
}

function addBadExtensions(tree: Tree, problems: Problem[]): void {
  if (tree.kind === 'map') for (const { value } of tree.entries.values()) addBadExtensions(value, problems);
  else if (tree.kind === 'list' && tree.extended) problems.push(badExtension(tree, tree.extended));
}

function badExtension({ at }: ListTree, extended: Tree): Problem {
  const found = extended.kind === 'map' ? 'a map' : 'a single value';
  const message = `\`!append\` and \`!prepend\` extend a list, but ${describePlace(extended.at)} has ${found} here`;
  return problemAt(at, {
    code: 'bad-extension',
    message,
    hint: 'write that one as a list, or remove the tag to replace it',
  });
}
