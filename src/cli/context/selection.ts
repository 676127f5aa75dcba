// Selectors on the command line (`tag:backend`, `'worker-*'`, `--except`) -> names, from the running project or its files.
import { type Client, ClientError } from '../../api/client.ts';
import type { WireError } from '../../api/protocol.ts';
import {
  isSelector,
  type Selectable,
  type Selection,
  type SelectionProblem,
  selectablesOf,
  selectNames,
} from '../../api/select-names.ts';
import type { ProjectConfig } from '../../core/spec.ts';

export type SelectionOptions = { except?: string[] | undefined };

/**
 * Asks the supervisor only where a selector needs it.
 * @returns names of services and instances; none: everything. Throws a ClientError for a selector that fits nothing.
 */
export async function selectRunning(
  client: Client,
  words: string[],
  options: SelectionOptions,
  purpose: Selection['purpose'],
): Promise<string[]> {
  if (!needsSelection(words, options)) return words;
  return selectOf(selectablesOf(await client.request('status', {})), words, options, purpose);
}

/** @returns the services of a configuration; instances are those that are declared. */
export function declaredSelectables({ services }: ProjectConfig): Selectable[] {
  return services.map(({ name, pool, tags, enabled, profiles, start }) => ({
    name,
    instances: Array.from({ length: pool }, (_, index) => `${name}.${index + 1}`),
    tags,
    isDisabled: !enabled || pool === 0,
    isAskedFor: profiles.length === 0 && start === 'auto',
  }));
}

/** As `selectRunning`, among given services. */
export async function selectOf(
  services: Selectable[],
  words: string[],
  options: SelectionOptions,
  purpose: Selection['purpose'],
): Promise<string[]> {
  if (!needsSelection(words, options)) return words;
  const selected = selectNames(services, { words, except: options.except ?? [], purpose });
  if (Array.isArray(selected)) return selected;
  throw new ClientError(await describeProblem(selected));
}

const needsSelection = (words: string[], { except = [] }: SelectionOptions): boolean =>
  except.length > 0 || words.some(isSelector);

/** Throws a ClientError for a plain name that is not among the services. */
export async function checkKnown(services: Selectable[], names: string[]): Promise<void> {
  const known = services.flatMap(({ name, instances }) => [name, ...instances]);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const { suggestionHint } = await import('../../config/problem/suggest.ts');
  const hint = suggestionHint(unknown, known, 'known names');
  const message = `no service or instance is named "${unknown}"`;
  throw new ClientError({ code: 'not-found', message, ...(hint && { hint }) });
}

async function describeProblem({ word, kind, known }: SelectionProblem): Promise<WireError> {
  if (kind === 'nothing-left')
    return { code: 'usage', message: 'nothing is selected', hint: `--except leaves everything out: ${word}` };
  if (kind === 'not-wanted') {
    const hint = `disabled, or run only when they are named: ${known.join(', ')}`;
    return { code: 'not-found', message: `"${word}" selects no service that is to run`, hint };
  }
  const { suggestionHint } = await import('../../config/problem/suggest.ts');
  if (word.startsWith('tag:')) {
    const hint = suggestionHint(word, known, 'tags') ?? 'no service has `tags`';
    return { code: 'not-found', message: `no service has the tag "${word.slice('tag:'.length)}"`, hint };
  }
  const label = word.includes('.') ? 'instances' : 'services';
  const hint = suggestionHint(word, known, label) ?? `the project has no ${label}`;
  const verb = isSelector(word) ? 'matches' : 'is named';
  return { code: 'not-found', message: `no ${label.slice(0, -1)} ${verb} "${word}"`, hint };
}
