// SGR colours, or nothing at all when colours are not wanted. The decision itself is made once, in context.ts.

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

/** @param wanted false: the returned function hands every text back unchanged. */
export function painter(wanted: boolean): Paint {
  if (!wanted) return (_colour, text) => text;
  return (colour, text) =>
    colour === null || text === '' ? text : `\x1b[${SGR[colour][0]}m${text}\x1b[${SGR[colour][1]}m`;
}

/** Control characters would let a name or a message move the cursor: they are shown as `\x1b`. */
export function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
