// The frame around every view but the main one: header above, footer below, as far as there is room for them. The children
// fill `bodyHeight` lines at most.
import { Box } from 'ink';
import type { ReactNode } from 'react';
import { bodyHeight, frameHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { footerLine } from '../view/footer.ts';
import { headerLine } from '../view/header.ts';
import { useAppearance } from './appearance.ts';
import { TextLine } from './text-line.tsx';

type PageProps = { state: UiState; nowMs: number; children: ReactNode };

export function Page({ state, nowMs, children }: PageProps) {
  const { glyphs } = useAppearance();
  const { columns } = state.size;
  const rows = frameHeight(state);
  return (
    <>
      {rows >= 2 && <TextLine cells={headerLine(state, glyphs)} columns={columns} />}
      <Box flexDirection="column" height={bodyHeight(state)} flexShrink={0}>
        {children}
      </Box>
      {rows >= 3 && <TextLine cells={footerLine(state, nowMs, glyphs)} columns={columns} />}
    </>
  );
}
