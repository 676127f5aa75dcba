// What the terminal reports of the mouse, in the form SGR (private mode 1006): `CSI < button ; column ; row M`, or `m` when a
// button is released. https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (Mouse Tracking)

/** `drag`: the left button is down. `other`: nothing that the view knows. Columns and rows from 0. */
export type MouseReport = { kind: MouseKind; column: number; row: number };
type MouseKind = 'press' | 'drag' | 'release' | 'wheelUp' | 'wheelDown' | 'other';

/** Without its escape character. */
const WHOLE = /^\[<(\d{1,3});(\d{1,5});(\d{1,5})([Mm])/;
const BEGUN = /^(?:\[(?:<\d{0,3}(?:;\d{0,5}){0,2})?)?$/;

/**
 * @param text of the input, behind an escape character
 * @returns the report and the text after it; `begun`: more has to come; null: not a report
 */
export function parseMouseReport(text: string): { report: MouseReport; rest: string } | 'begun' | null {
  if (BEGUN.test(text)) return 'begun';
  const found = WHOLE.exec(text);
  if (found === null) return null;
  const [whole, button, column, row, end] = found;
  const kind = kindOf(Number(button), end === 'm');
  return { report: { kind, column: Number(column) - 1, row: Number(row) - 1 }, rest: text.slice(whole.length) };
}

const MODIFIERS = 4 | 8 | 16;
const MOTION = 32;
const WHEEL_UP = 64;
const WHEEL_DOWN = 65;

/** With a modifier, it means the same. */
function kindOf(button: number, isReleased: boolean): MouseKind {
  switch (button & ~MODIFIERS) {
    case 0:
      return isReleased ? 'release' : 'press';
    case MOTION:
      return 'drag';
    case WHEEL_UP:
      return 'wheelUp';
    case WHEEL_DOWN:
      return 'wheelDown';
    default:
      return 'other';
  }
}
