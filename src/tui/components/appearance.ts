// What every component needs to know of the terminal: its glyphs, and where prepared lines go.
import { createContext, useContext } from 'react';
import { type Glyphs, UNICODE } from '../view/theme.ts';

export type Appearance = {
  glyphs: Glyphs;
  /** Colours of programs and of orch; else plain text. */
  colour: boolean;
  /** Takes a whole line to the output; Ink draws what this returns in its place. See InkOutput. */
  place(preparedLine: string): string;
};

const context = createContext<Appearance>({ glyphs: UNICODE, colour: false, place: (text) => text });

export const AppearanceProvider = context.Provider;
export const useAppearance = (): Appearance => useContext(context);
