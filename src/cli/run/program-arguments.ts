// A command of the configuration with more arguments. Pure.
import { escapeTemplate } from '../../config/tree/template.ts';
import type { Command } from '../../core/spec.ts';

/** The line says itself where they belong. */
const TAKES_ARGUMENTS = /\$(?:[@*1-9]|\{[@*1-9])/;
/** Words behind it would not be arguments of a program: a comment, a list, a group, the end of a compound command. */
const ENDS_OTHERWISE = /(?:^|\s)#[^\n]*$|[;&|)}]$|(?:^|[\s;])(?:done|fi|esac)$/;

/**
 * A list gets them at its end. A line of the shell gets them as its positional parameters, as `npm run` does: where it does not
 * mention them, `"$@"` is added to its end.
 * @returns null: the line has no such end
 */
export function withArguments(command: Command, given: readonly string[]): Command | null {
  if (given.length === 0) return command;
  if (command.kind === 'argv') return { kind: 'argv', argv: [...command.argv, ...given.map(escapeTemplate)] };
  const line = command.line.trimEnd();
  if (!TAKES_ARGUMENTS.test(line) && ENDS_OTHERWISE.test(line)) return null;
  const script = TAKES_ARGUMENTS.test(line) ? line : `${line} "$@"`;
  return { kind: 'argv', argv: ['/bin/sh', '-c', script, 'sh', ...given].map(escapeTemplate) };
}
