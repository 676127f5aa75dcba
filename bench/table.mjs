// Samples to medians, rows to one table.
//
// Row: { what, samples: number[], unit: 'ms' | 'MB' | '%' | 'MB/s' | '', reference?: { name, samples }, target?: string,
//   missing?: string }; `missing` says why there are no samples
// The ratio is median(samples) / median(reference.samples), both taken in the same run.

/** @param {number[]} samples at least one */
export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function printTable(rows) {
  const cells = [['section', 'what', 'median', 'min..max', 'reference', 'ratio', 'target'], ...rows.map(cellsOf)];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const [index, row] of cells.entries()) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
    if (index === 0) console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  }
}

function cellsOf({ section, what, samples, unit, reference, target = '', missing = 'no sample' }) {
  if (samples.length === 0) return [section, what, missing, '', '', '', target];
  const value = median(samples);
  const against = reference ? `${reference.name} ${figure(median(reference.samples))} ${unit}` : '';
  const ratio = reference ? `${(value / median(reference.samples)).toFixed(2)} ×` : '';
  return [section, what, `${figure(value)} ${unit}`, range(samples), against, ratio, target];
}

const range = (samples) =>
  samples.length === 1 ? '' : `${figure(Math.min(...samples))}..${figure(Math.max(...samples))}`;

const figure = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2));
