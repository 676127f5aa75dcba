// The loss report as text: what is carried nearly or not at all, with its place and the reason. Pure.
import { countOutcomes, type Finding } from '../model/loss-findings.ts';

/** `12 keys: 10 exactly, 1 nearly, 1 not carried`, then a line for each key that is not exact. */
export function formatReport(findings: Finding[]): string[] {
  const counts = countOutcomes(findings);
  const inexact = findings.filter(({ outcome }) => outcome !== 'exactly');
  const places = inexact.map(({ file, line }) => `${file}:${line}`);
  const width = Math.max(0, ...places.map((place) => place.length));
  const total = `${findings.length} ${findings.length === 1 ? 'key' : 'keys'}`;
  return [
    `${total}: ${counts.exactly} exactly, ${counts.nearly} nearly, ${counts['not carried']} not carried`,
    ...inexact.map(
      ({ path, outcome, reason }, index) =>
        `  ${outcome.padEnd(11)}  ${places[index]!.padEnd(width)}  ${path}: ${reason}`,
    ),
  ];
}
