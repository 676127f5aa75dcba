// The palette: what was typed, and the commands that it may mean.
import { Box } from 'ink';
import { bodyHeight, firstVisible, listHeight } from '../model/layout.ts';
import { type PaletteMatch, paletteMatches } from '../model/palette.ts';
import type { PaletteOverlay, UiState } from '../model/state.ts';
import { entryCells, noMatchLine, paletteTitle } from '../view/palette-lines.ts';
import { GUTTER } from '../view/table-columns.ts';
import { useAppearance } from './appearance.ts';
import { barOf, StyledText, TextLine } from './text-line.tsx';

export function Palette({ state, palette }: { state: UiState; palette: PaletteOverlay }) {
  const { glyphs } = useAppearance();
  const { columns } = state.size;
  const matches = paletteMatches(state, palette);
  const height = Math.min(listHeight(state), Math.max(0, bodyHeight(state) - 1));
  const chosen = Math.min(palette.at, matches.length - 1);
  const start = firstVisible(matches.length, height, chosen);
  return (
    <>
      {bodyHeight(state) > 0 && (
        <TextLine cells={paletteTitle(palette, matches.length, columns, glyphs)} columns={columns} />
      )}
      {matches.length === 0 && height > 0 && <TextLine cells={noMatchLine(palette)} columns={columns} />}
      {matches.slice(start, start + height).map((match, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen, nothing else
        <Entry key={index} match={match} columns={columns} selected={start + index === chosen} />
      ))}
    </>
  );
}

function Entry({ match, columns, selected }: { match: PaletteMatch; columns: number; selected: boolean }) {
  const { glyphs, theme } = useAppearance();
  return (
    <Box height={1} width={columns} flexShrink={0} {...barOf(theme, selected)}>
      <Box width={Math.min(GUTTER, columns)} flexShrink={0}>
        {selected && <StyledText cell={{ text: glyphs.cursor, style: 'accent' }} selected />}
      </Box>
      {entryCells(match, columns - GUTTER).map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text
        <StyledText key={index} cell={cell} selected={selected} />
      ))}
    </Box>
  );
}
