// Arguments and options that several commands have.
import type { ArgumentDefinition, OptionDefinition } from '../definition.ts';

export const someNames: ArgumentDefinition[] = [
  { syntax: '[names...]', description: 'services (`api`) or instances (`api.2`); default: all', completes: 'name' },
];
export const theNames: ArgumentDefinition[] = [
  { syntax: '<names...>', description: 'services (`api`) or instances (`api.2`)', completes: 'name' },
];
export const timeout = (description: string): OptionDefinition => ({
  flags: '--timeout <duration>',
  description: `${description} (such as 500ms, 30s, 5m)`,
  value: { kind: 'duration' },
});
