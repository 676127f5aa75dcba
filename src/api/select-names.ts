// Selectors: `tag:backend`, patterns such as `worker-*` and `api.*`, and exceptions -> names of services and instances. The same
// wherever a command takes a NAME. Pure.
import type { Status } from './protocol.ts';

export type Selectable = {
  name: string;
  instances: readonly string[];
  tags: readonly string[];
  /** `enabled: false`, or without instances */
  isDisabled: boolean;
  /** It is meant when everything is: it needs no profile and no start by hand, or has got it. */
  isAskedFor: boolean;
};

export type Selection = {
  /** None: everything. */
  words: readonly string[];
  except: readonly string[];
  /**
   * What a selector leaves out (a plain name, never). `look`: nothing; `start`: what is disabled, and of everything what was
   * not asked for; `wanted`: both.
   */
  purpose: 'look' | 'start' | 'wanted';
};

export type SelectionProblem = {
  /** The selector, or the name among the exceptions. */
  word: string;
  /** `unmatched`: it fits none of `known`; `not-wanted`: none of those that it fits is to run; `nothing-left`: after the exceptions. */
  kind: 'unmatched' | 'not-wanted' | 'nothing-left';
  known: string[];
};

const TAG = 'tag:';

export const isSelector = (word: string): boolean => word.startsWith(TAG) || /[*?]/.test(word);

/**
 * @returns each name once, in the order of the words. Plain names stay as they are, known or not, unless there are exceptions.
 */
export function selectNames(services: readonly Selectable[], selection: Selection): string[] | SelectionProblem {
  const { words, except, purpose } = selection;
  const included: string[] = [];
  for (const word of words) {
    const names = isSelector(word) || except.length > 0 ? matching(services, word) : [word];
    if (names.length === 0) return unmatched(services, word);
    const meant = isSelector(word) ? names.filter((name) => isMeant(services, name, purpose, word)) : names;
    if (meant.length === 0) return { word, kind: 'not-wanted', known: names };
    included.push(...meant);
  }
  const everything = services.filter(({ name }) => isMeant(services, name, purpose, null)).map(({ name }) => name);
  const excluded = new Set<string>();
  for (const word of except) {
    const names = matching(services, word);
    if (names.length === 0) return unmatched(services, word);
    for (const name of names) excluded.add(name);
  }
  const names = leaveOut(services, [...new Set(words.length > 0 ? included : everything)], excluded);
  return names.length > 0 ? names : { word: except.join(', '), kind: 'nothing-left', known: [] };
}

/** @returns the selectable services of a running project. */
export function selectablesOf({ services }: Pick<Status, 'services'>): Selectable[] {
  return services.map(({ name, pool, instances, tags = [], runs }) => ({
    name,
    instances: instances.map(({ id }) => id),
    tags,
    isDisabled: runs === 'never' || pool === 0,
    isAskedFor: runs !== 'on_request',
  }));
}

function matching(services: readonly Selectable[], word: string): string[] {
  const isTag = word.startsWith(TAG);
  const pattern = patternOf(isTag ? word.slice(TAG.length) : word);
  if (isTag) return services.filter(({ tags }) => tags.some((tag) => pattern.test(tag))).map(({ name }) => name);
  const names = word.includes('.') ? services.flatMap(({ instances }) => instances) : services.map(({ name }) => name);
  return names.filter((name) => pattern.test(name));
}

/** `*`: any characters; `?`: one. */
function patternOf(text: string): RegExp {
  const parts = [...text].map((char) =>
    char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[\\^$.|+()[\]{}]/, '\\$&'),
  );
  return new RegExp(`^${parts.join('')}$`, 'u');
}

/** @param word null: everything is meant */
function isMeant(
  services: readonly Selectable[],
  name: string,
  purpose: Selection['purpose'],
  word: string | null,
): boolean {
  const service = services.find((one) => one.name === name || one.instances.includes(name));
  if (!service || purpose === 'look') return true;
  return !service.isDisabled && (service.isAskedFor || (purpose === 'start' && word !== null));
}

/** A service of which only some instances are left out is replaced by the others. */
function leaveOut(services: readonly Selectable[], names: string[], excluded: ReadonlySet<string>): string[] {
  if (excluded.size === 0) return names;
  return names.flatMap((name) => {
    const service = services.find((one) => one.name === name || one.instances.includes(name));
    if (excluded.has(name) || (service && excluded.has(service.name))) return [];
    const isWhole = name !== service?.name || !service.instances.some((id) => excluded.has(id));
    return isWhole ? [name] : service.instances.filter((id) => !excluded.has(id));
  });
}

function unmatched(services: readonly Selectable[], word: string): SelectionProblem {
  const tags = [...new Set(services.flatMap((service) => service.tags))].sort().map((tag) => TAG + tag);
  const names = services.map(({ name }) => name);
  const known = word.startsWith(TAG) ? tags : word.includes('.') ? services.flatMap((one) => one.instances) : names;
  return { word, kind: 'unmatched', known };
}
