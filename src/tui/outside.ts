// What leaves the view: the editor, the browser, the pager, a file, what is typed into a program.
import type { Away } from './away.ts';
import type { Effect } from './model/effects.ts';
import type { TuiOptions } from './tui-options.ts';
import { countOf } from './view/selected-text.ts';

const OUTSIDE = ['edit', 'browse', 'saveOutput', 'pageOutput', 'copyLines', 'sendInput', 'attach'] as const;
export type OutsideEffect = Extract<Effect, { kind: (typeof OUTSIDE)[number] }>;
export function isOutside(effect: Effect): effect is OutsideEffect {
  return (OUTSIDE as readonly string[]).includes(effect.kind);
}
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
      const { selected } = effect;
      const { text, lines } = selected === null ? output() : { ...selected, text: `${selected.text}\n` };
      const { saveFile } = await import('./save-file.ts');
      const path = await saveFile(effect.file, text);
      return `${countOf(lines)} saved to ${path}${selected?.note ?? ''}`;
    }
    case 'copyLines': {
      const { text, lines, note } = effect.copied;
      const { copyText } = await import('./clipboard.ts');
      return `${countOf(lines)} ${await copyText(text, process.env, stdout)}${note}`;
    }
  }
}
