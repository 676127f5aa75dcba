// What a list on the whole screen shows: a title and the rows that are visible, one of which may be chosen.
import type { Line } from './line.ts';

export type ListRow = { cells: Line; isChosen: boolean };
/** `empty`: instead of rows. */
export type ListContent = { title: Line; rows: ListRow[]; empty: string };
