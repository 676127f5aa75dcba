// How the parts of a declaration that are no plain maps are shown in `plan`. Pure, no Node module.

import type { Command, ServiceSpec } from '../core/model.ts';
import { printAddress } from './print-address.ts';
import { printDuration, printSize } from './quantities.ts';

export function printCommand(command: Command): string {
  return command.kind === 'shell' ? command.line : JSON.stringify(command.argv).replaceAll('","', '", "');
}

/** @returns [key, text] of each part; null for a field that is shown as what it is. */
export function printField(field: string, value: unknown): [string, string][] | null {
  switch (field) {
    case 'listen':
      return listed('listen', (value as ServiceSpec['listen']).map(printAddress));
    case 'profiles':
      return listed('profiles', value as string[]);
    case 'hooks':
      return Object.entries(value as ServiceSpec['hooks']).flatMap(([key, command]): [string, string][] =>
        command ? [[`hooks.${key}`, printCommand(command)]] : [],
      );
    case 'watch':
      return printWatch(value as NonNullable<ServiceSpec['watch']>);
    case 'limits':
      return printLimits(value as ServiceSpec['limits']);
    case 'stdin':
      return value === true ? [['stdin', 'true']] : [];
    case 'tty':
      return value === true ? [['tty', 'true']] : [];
    case 'exitRecord':
      return value === true ? [['exit_record', 'true']] : [];
    default:
      return null;
  }
}

function printWatch({ paths, ignore, debounceMs, action }: NonNullable<ServiceSpec['watch']>): [string, string][] {
  const means = action.kind === 'run' ? printCommand(action.command) : action.kind === 'signal' ? action.signal : null;
  return [
    ...listed('watch.paths', paths),
    ...listed('watch.ignore', ignore),
    ['watch.debounce', printDuration(debounceMs)],
    ['watch.action', action.kind],
    ...(means === null ? [] : [[`watch.${action.kind}`, means] as [string, string]]),
  ];
}

function printLimits({ memory, nofile, nice }: ServiceSpec['limits']): [string, string][] {
  const shown: [string, string][] = [];
  if (memory) shown.push(['limits.memory.max', printSize(memory.maxBytes)], ['limits.memory.action', memory.action]);
  if (nofile !== null) shown.push(['limits.nofile', String(nofile)]);
  if (nice !== null) shown.push(['limits.nice', String(nice)]);
  return shown;
}

const listed = (key: string, items: string[]): [string, string][] =>
  items.length === 0 ? [] : [[key, items.join(', ')]];
