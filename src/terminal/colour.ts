// SGR colours for the command line, or none. The caller decides whether colours are wanted.

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';
export type Paint = (colour: Colour | null, text: string) => string;

const SGR: Record<Colour, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

/** @param wanted false: the returned function returns each text unchanged. */
export function painter(wanted: boolean): Paint {
  if (!wanted) return (_colour, text) => text;
  return (colour, text) =>
    colour === null || text === '' ? text : `\x1b[${SGR[colour][0]}m${text}\x1b[${SGR[colour][1]}m`;
}
