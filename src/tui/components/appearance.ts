// What every component needs to know of the terminal: its glyphs and colours, and where prepared lines go.
import { createContext, useContext } from 'react';
import { type Glyphs, glyphsFor, UNICODE } from '../view/theme.ts';
import { DARK, type Theme, usualTheme } from '../view/themes.ts';

export type Appearance = {
  glyphs: Glyphs;
  theme: Theme;
  /** Colours of programs and of orch; else plain text. */
  colour: boolean;
  /** Takes a whole line to the output; Ink draws what this returns in its place. See InkOutput. */
  place(preparedLine: string): string;
  /** The same for one of the lines that `read` returns, from the first; it is asked for each frame. */
  placeLive(read: ReadLines): string;
};

/** @returns whole lines, painted, as they are at that time. */
export type ReadLines = (nowMs: number) => readonly string[];
export type LinePlaces = Pick<Appearance, 'place' | 'placeLive'>;

type Looks = { colour: boolean; theme?: Theme | undefined };

export function appearanceOf(
  { colour, theme }: Looks,
  environment: NodeJS.ProcessEnv,
  { place, placeLive }: LinePlaces,
): Appearance {
  return { colour, theme: theme ?? usualTheme(environment), glyphs: glyphsFor(environment), place, placeLive };
}

const context = createContext<Appearance>({
  glyphs: UNICODE,
  theme: DARK,
  colour: false,
  place: (text) => text,
  placeLive: () => '',
});

export const AppearanceProvider = context.Provider;
export const useAppearance = (): Appearance => useContext(context);
