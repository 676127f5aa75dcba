// `user`, `group` and `umask` -> accounts of this machine. Whether orch may change to them is known at the start.
import type { RunAs } from '../../core/run-as-spec.ts';
import { quote } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { childOf, integerOf, literalOf, type Tree } from '../tree/tree.ts';
import { accountNames, findGroup, findUser } from './accounts.ts';
import { type NormalizeContext, reportBadValue } from './normalize-context.ts';

export function normalizeRunAs(service: Tree, context: NormalizeContext): RunAs {
  const group = groupOf(childOf(service, 'group'), context);
  const user = userOf(childOf(service, 'user'), group !== null, context);
  return { user, group, umask: literalOf(childOf(service, 'umask')) };
}

function userOf(tree: Tree | undefined, hasGroup: boolean, context: NormalizeContext): RunAs['user'] {
  const name = nameOf(tree);
  if (!tree || name === null) return null;
  const found = findUser(name);
  if (found === null) {
    const hint = suggestionHint(name, accountNames('passwd'), 'users') ?? 'name a user of this machine';
    reportBadValue(context, tree, `unknown user ${quote(name)}`, hint);
    return null;
  }
  if (!found.hasEntry && !hasGroup) {
    const message = `the user id ${name} has no account on this machine, and so no group`;
    reportBadValue(context, tree, message, 'add `group`, or name a user of this machine');
  }
  return found;
}

function groupOf(tree: Tree | undefined, context: NormalizeContext): RunAs['group'] {
  const name = nameOf(tree);
  if (!tree || name === null) return null;
  const gid = findGroup(name);
  if (gid !== null) return { name, gid };
  const hint = suggestionHint(name, accountNames('group'), 'groups') ?? 'name a group of this machine';
  reportBadValue(context, tree, `unknown group ${quote(name)}`, hint);
  return null;
}

function nameOf(tree: Tree | undefined): string | null {
  const id = integerOf(tree);
  return id === null ? literalOf(tree) : String(id);
}
