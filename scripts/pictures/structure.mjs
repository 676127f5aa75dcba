// What a screen is made of, without what differs from run to run: labels, columns, states and keys, but no numbers, no
// times, and no lines of output and events.

/**
 * @param rows of text
 * @returns lines to compare
 */
export function structureOf(rows) {
  const width = Math.max(...rows.map((row) => row.length));
  const divider = rows.find((row) => /│ ── /.test(row))?.indexOf('│ ── ') ?? width;
  let isList = false;
  const kept = [];
  for (const row of rows) {
    // Output at the right of the table: only the title above it is of interest.
    const isTitle = /^── /.test(row);
    const left = row.includes('│ ── ') || isTitle ? row : row.slice(0, divider);
    if (isTitle) isList = /^── (?:.* )?(?:output|events)\b/.test(row);
    if (isTitle || !isList || isFooter(row)) kept.push(withoutNumbers(left));
  }
  return kept.filter((row) => row !== '');
}

/** The keys, or a question: it stands apart from lists by the blank in front. */
const isFooter = (row) => /^ \S/.test(row);

function withoutNumbers(row) {
  return row
    .replace(/\d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\b[0-9a-f]{12}\b/g, 'HASH')
    .replace(/· \d+ new lines? /, '')
    .replace(/\d+(?:\.\d+)?/g, '0')
    .replace(/\b0 ?(?:ms|s|min|m|h|d)\b/g, 'SPAN')
    .replace(/\b0 ?(?:B|KiB|MiB|GiB|K|M|G)\b/g, 'SIZE')
    .replace(/[▁-█]+/g, '▁')
    .replace(/─+/g, '─')
    .replace(/\s+/g, ' ')
    .trim();
}
