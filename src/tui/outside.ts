// What leaves the view: the editor, the browser, the pager, a file, what is typed into a program.
import type { FileHandle } from 'node:fs/promises';
import type { Away } from './away.ts';
import type { Effect } from './model/effects.ts';
import type { WrittenOutput } from './output-export.ts';
import type { TuiOptions } from './tui-options.ts';
import { countOf } from './view/selected-text.ts';

const OUTSIDE = [
  'edit',
  'browse',
  'saveOutput',
  'pageOutput',
  'editOutput',
  'copyLines',
  'sendInput',
  'attach',
] as const;
export type OutsideEffect = Extract<Effect, { kind: (typeof OUTSIDE)[number] }>;
export function isOutside(effect: Effect): effect is OutsideEffect {
  return (OUTSIDE as readonly string[]).includes(effect.kind);
}
/** Writes the output that the view shows. @returns null: the user has stopped it */
type WriteOutput = (file: FileHandle) => Promise<WrittenOutput | null>;
const STOPPED = 'stopped; nothing was saved';

/** @returns what was done, for the user; null: it was seen. Rejects with an error for people. */
export async function openOutside(
  effect: OutsideEffect,
  away: Away,
  { findPlace, typing, stdout }: TuiOptions,
  writeOutput: WriteOutput,
): Promise<string | null> {
  switch (effect.kind) {
    case 'edit':
      await away.edit(effect.service, findPlace);
      return null;
    case 'browse':
      return import('./open-url.ts').then(({ openUrl }) => openUrl(effect.url, process.env, stdout));
    case 'attach':
      await away.attach(effect.instance, typing);
      return null;
    case 'sendInput': {
      if (!typing) throw new Error('not available here');
      const { instance, lines } = effect;
      await typing.send(instance, lines);
      const what = lines.length === 1 ? (lines[0] === '' ? 'an empty line' : lines[0]) : `${lines.length} lines`;
      return `sent to ${instance}: ${what}`;
    }
    case 'pageOutput':
    case 'editOutput':
      return showOutput(effect.kind, away, writeOutput);
    case 'saveOutput': {
      const { selected } = effect;
      const writeSelected = async (file: FileHandle) => {
        await file.writeFile(`${selected?.text}\n`);
        return selected;
      };
      const { saveFile } = await import('./save-file.ts');
      const saved = await saveFile<{ lines: number }>(effect.file, selected === null ? writeOutput : writeSelected);
      return saved === null ? STOPPED : `${countOf(saved.written.lines)} saved to ${saved.path}${selected?.note ?? ''}`;
    }
    case 'copyLines': {
      const { text, lines, note } = effect.copied;
      const { copyText } = await import('./clipboard.ts');
      return `${countOf(lines)} ${await copyText(text, process.env, stdout)}${note}`;
    }
  }
}

/** The whole output in a file, which is gone when its program has ended. */
async function showOutput(
  kind: 'pageOutput' | 'editOutput',
  away: Away,
  writeOutput: WriteOutput,
): Promise<string | null> {
  const { temporaryFile } = await import('./save-file.ts');
  const output = await temporaryFile(writeOutput);
  if (output === null) return STOPPED;
  const { path: file, remove, removeNow } = output;
  const { atLine } = output.written;
  const { startPager } = await import('./pager.ts');
  const { startEditor } = await import('./editor.ts');
  const start = (stdin: NodeJS.ReadStream) =>
    kind === 'pageOutput'
      ? startPager({ file, atLine }, process.env, stdin)
      : startEditor({ file, line: atLine, column: 1 }, process.env, stdin);
  try {
    await away.show(async (stdin) => {
      const { ended, kill } = await start(stdin);
      const end = () => {
        kill();
        removeNow();
      };
      return { ended: ended.finally(remove), kill: end };
    });
  } finally {
    await remove(); // it was not started
  }
  return null;
}
