// What leaves the view: the editor, the browser, the pager, a file.
import type { Away } from './away.ts';
import type { Effect } from './model/effects.ts';
import type { TuiOptions } from './tui-options.ts';

export type OutsideEffect = Extract<Effect, { kind: 'edit' | 'browse' | 'saveOutput' | 'pageOutput' }>;
type OutputText = { text: string; lines: number; atLine: number };

/** @returns what was done, for the user; null: it was seen. Rejects with an error for people. */
export async function openOutside(
  effect: OutsideEffect,
  away: Away,
  { findPlace, stdout }: TuiOptions,
  output: () => OutputText,
): Promise<string | null> {
  switch (effect.kind) {
    case 'edit':
      await away.edit(effect.service, findPlace);
      return null;
    case 'browse':
      return import('./open-url.ts').then(({ openUrl }) => openUrl(effect.url, process.env, stdout));
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
