// Every command of orch, as plain tables: what commander, help, completion and the reference page are made of.
// The tables hold no behaviour but loading the module that has it: reading them must cost nothing.
import type { CommandDefinition } from './context/definition.ts';
import { changeCommands } from './definitions/change.ts';
import { configurationCommands } from './definitions/configuration.ts';
import { lookCommands } from './definitions/look.ts';
import { runCommands } from './definitions/run.ts';
import { shellCommands } from './definitions/shell.ts';

/** In the order of the help. */
export const commands: CommandDefinition[] = [
  ...runCommands,
  ...lookCommands,
  ...changeCommands,
  ...configurationCommands,
  ...shellCommands,
];
