// Two parts of a view: one above the other, or, on a wide screen, side by side with a line between them.
import { Box } from 'ink';
import { type ReactNode, useMemo } from 'react';
import { useAppearance } from './appearance.ts';

type SideBySideProps = {
  divided: boolean;
  /** Columns of the left part. */
  left: number;
  height: number;
  children: [left: ReactNode, right: ReactNode];
};

const NO_BORDER = { topLeft: '', top: '', topRight: '', right: '', bottomRight: '', bottom: '', bottomLeft: '' };

export function SideBySide({ divided, left, height, children: [first, second] }: SideBySideProps) {
  const { glyphs } = useAppearance();
  // The same object in every frame: a new one would make Ink reserve lines for the other three borders.
  const border = useMemo(() => ({ ...NO_BORDER, left: glyphs.bar }), [glyphs]);
  if (!divided) {
    return (
      <>
        {first}
        {second}
      </>
    );
  }
  return (
    <Box height={height} flexShrink={0}>
      <Box flexDirection="column" width={left} flexShrink={0}>
        {first}
      </Box>
      <Box
        flexDirection="column"
        flexGrow={1}
        marginLeft={1}
        paddingLeft={1}
        borderStyle={border}
        borderTop={false}
        borderRight={false}
        borderBottom={false}
        borderDimColor
      >
        {second}
      </Box>
    </Box>
  );
}
