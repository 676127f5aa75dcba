// The editor of the user, in this terminal, at a place in a file. The caller has left the full screen.
import { basename } from 'node:path';
import type { FilePlace } from '../core/load-result.ts';
import { type ProgramRun, startProgram } from './terminal-program.ts';

export function startEditor(
  place: FilePlace,
  environment: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadStream,
): Promise<ProgramRun> {
  const command = environment.VISUAL || environment.EDITOR || 'vi';
  return startProgram({ command, words: placeArguments(command, place), named: '$EDITOR names the editor' }, stdin);
}

/** Editors that do not know where to go open the file at its start. */
export function placeArguments(command: string, { file, line, column }: FilePlace): string[] {
  const program = basename(command.trim().split(/\s+/)[0]!);
  if (/^(n?vim?|nvi|elvis|nano|pico|emacs|emacsclient|mg|jed|joe|kak|ne|e3|micro)$/.test(program))
    return [`+${line}`, file];
  if (/^(code|code-insiders|codium|cursor|windsurf)$/.test(program))
    return ['--wait', '--goto', `${file}:${line}:${column}`];
  if (/^(subl|zed|zeditor)$/.test(program)) return ['--wait', `${file}:${line}:${column}`];
  if (/^(hx|helix)$/.test(program)) return [`${file}:${line}:${column}`];
  return [file];
}
