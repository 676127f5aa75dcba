// What leaves the view: the editor, the browser, the pager, a file, what is typed into a program.
import type { Away } from './away.ts';
import type { Effect } from './model/effects.ts';
import type { TuiOptions } from './tui-options.ts';

export type OutsideEffect = Extract<
  Effect,
  { kind: 'edit' | 'browse' | 'saveOutput' | 'pageOutput' | 'sendInput' | 'attach' }
>;
type OutputText = { text: string; lines: number; atLine: number };

/** @returns what was done, for the user; null: it was seen. Rejects with an error for people. */
export async function openOutside(
  effect: OutsideEffect,
  away: Away,
  { findPlace, typing, stdout }: TuiOptions,
  output: () => OutputText,
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
      await away.page(output());
      return null;
    case 'saveOutput': {
      const { text, lines } = output();
      const { saveFile } = await import('./save-file.ts');
      const path = await saveFile(effect.file, text);
      return `${lines.toLocaleString('en-US')} ${lines === 1 ? 'line' : 'lines'} saved to ${path}`;
    }
  }
}
