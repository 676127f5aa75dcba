/** The steps in a picture: name -> rows of text. */
export function readSvg(svg: string): Map<string, string[]>;
