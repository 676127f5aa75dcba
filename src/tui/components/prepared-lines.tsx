// Lines that stream by: output and events. Ink lays out their places; the lines themselves go around it to the output,
// because Ink would measure, keep, and take apart, every line that ever was on the screen (decision 0300).
import { Box, Text, Transform } from 'ink';
import { memo } from 'react';
import type { Line } from '../view/line.ts';
import { paintLine } from '../view/paint.ts';
import { useAppearance } from './appearance.ts';

type PreparedLinesProps = { lines: readonly Line[]; height: number };

/** @param props `lines`: as wide as the screen at most; those beyond `height` are cut. */
export function PreparedLines({ lines, height }: PreparedLinesProps) {
  const { theme, place } = useAppearance();
  const shown = lines.slice(0, height);
  return <Places count={shown.length} height={height} place={(index) => place(paintLine(shown[index]!, theme))} />;
}

type LiveLinesProps = { read(nowMs: number): readonly Line[]; height: number };

/** @param props `read`: the lines of this moment; it is asked for every frame, also for those that Ink does not draw. */
export function LiveLines({ read, height }: LiveLinesProps) {
  const { theme, placeLive } = useAppearance();
  const paint = (nowMs: number) => read(nowMs).map((line) => paintLine(line, theme));
  return <Places count={height} height={height} place={() => placeLive(paint)} />;
}

/** Ink calls `place` for each of the lines, from the top, whenever it composes a frame. */
function Places({ count, height, place }: { count: number; height: number; place(index: number): string }) {
  return (
    <Box height={height} flexShrink={0}>
      <Transform transform={(_line, index) => place(index)}>
        <Blanks count={count} />
      </Transform>
    </Box>
  );
}

const Blanks = memo(({ count }: { count: number }) => <Text>{Array(count).fill(' ').join('\n')}</Text>);
