// Did-you-mean: the nearest of the known words. Pure.

/** The nearest candidate within 1 or 2 edits (a swap counts as one), or one that begins with the word. */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  const wanted = normal(word);
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = distanceTo(wanted, normal(candidate));
    if (distance <= reach(wanted) && (best === null || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

/** `did you mean "x"?`, or the list of candidates, or null when there are none. */
export function suggestionHint(word: string, candidates: Iterable<string>, label: string): string | null {
  const known = [...candidates];
  const near = suggest(word, known);
  if (near !== null) return `did you mean "${near}"?`;
  if (known.length === 0) return null;
  const shown = known.slice(0, 12).join(', ');
  return `${label}: ${shown}${known.length > 12 ? `, … (${known.length} in all)` : ''}`;
}

/** For a name that stands for a group: `did you mean "tag:backend"?`, or `"worker-*"` where it has variants. */
export function groupHint(name: string, services: Iterable<{ name: string; tags?: readonly string[] }>): string | null {
  const known = [...services];
  if (known.some(({ tags = [] }) => tags.includes(name))) return `did you mean "tag:${name}"?`;
  const variants = known.filter((service) => service.name.startsWith(`${name}-`));
  return variants.length > 1 ? `did you mean "${name}-*"?` : null;
}

const normal = (word: string) => word.toLowerCase().replace(/[-_\s]/g, '');
const reach = (word: string) => (word.length < 6 ? 1 : 2);

/** A candidate that begins with the word counts as one edit. */
function distanceTo(wanted: string, candidate: string): number {
  const isCut = wanted.length >= 3 && candidate.startsWith(wanted);
  return isCut && candidate !== wanted ? 1 : editDistance(wanted, candidate);
}

/** Optimal string alignment distance; words longer than 64 characters are never near. */
export function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64 || Math.abs(a.length - b.length) > 2) return a === b ? 0 : 99;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}
