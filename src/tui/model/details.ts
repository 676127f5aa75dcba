// All that is known about a service or an instance, as sections of rows: the model of `orch show` and of the page in the view.
import type { InspectedInstance } from '../../api/protocol-inspect.ts';

export type DetailRow = {
  label: string;
  value: string;
  /** Where the value comes from. */
  from?: string;
  /** In a section with columns: what is shown instead, a text for each column. */
  cells?: string[];
};
export type DetailSection = {
  title: string;
  rows: DetailRow[];
  /** Shown as a table. The last column takes the rest of the line. */
  columns?: DetailColumn[];
};
export type DetailColumn = { title: string; align?: 'left' | 'right' };
export type Details = {
  name: string;
  title: string | null;
  sections: DetailSection[];
  /** For programs; null: a supervisor of an older version does not know it. */
  instances: InspectedInstance[] | null;
};
