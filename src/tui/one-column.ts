// The texts that need no thought: harmless, and as wide as they have characters. Nearly all that is ever drawn, so that
// neither cleaning nor measuring costs anything there.

/** Printable ASCII and Latin (no soft hyphen), dashes and dots, arrows, lines, blocks and the glyphs of our own. */
const ONE_COLUMN = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u2193\u21bb\u2500-\u25fc\u2713\u2717]*$/;

export function isOneColumnEach(text: string): boolean {
  return ONE_COLUMN.test(text);
}
