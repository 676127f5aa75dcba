// `user`, `group` and `umask` of other tools. A user that this machine does not know would be an error in the file: it is left
// out and named.
import { findGroup, findUser } from '../../config/normalize/accounts.ts';
import { nearly, notCarried, type Verdict } from './loss-findings.ts';
import type { KeysDraft } from './project-draft.ts';

/** @param set where the key goes: a service, or `defaults` */
export function setRunAs(
  key: 'user' | 'group' | 'umask',
  text: string,
  set: (value: string) => void,
): Verdict | undefined {
  if (key === 'umask') return setUmask(text, set);
  if (text === '') return undefined;
  const isKnown = text.includes('$') || (key === 'user' ? findUser(text) : findGroup(text)) !== null;
  if (!isKnown) return nearly(`this machine has no ${key} "${text}": add \`${key}: ${text}\` where it exists`);
  set(text);
  return undefined;
}

/** On a service. */
export const runAsRule = (key: 'user' | 'group' | 'umask', text: string, draft: KeysDraft): Verdict | undefined =>
  setRunAs(key, text, (value) => draft.set(key, value));

/** An id that has no account here needs a `group`. */
export function addGroup(draft: KeysDraft): void {
  const { user, group } = draft.keys;
  if (typeof user !== 'string' || group !== undefined || !/^\d+$/.test(user)) return;
  if (!findUser(user)?.hasEntry) draft.set('group', user);
}

function setUmask(text: string, set: (value: string) => void): Verdict | undefined {
  if (!/^[0-7]{1,4}$/.test(text)) return notCarried('it is not an octal number');
  set(text.padStart(3, '0'));
  return undefined;
}
