// All that is known about a service or an instance, as sections of rows: the model of `orch show` and of the page in the view.

export type DetailRow = {
  label: string;
  value: string;
  /** Where the value comes from. */
  from?: string;
};
export type DetailSection = { title: string; rows: DetailRow[] };
export type Details = { name: string; title: string | null; sections: DetailSection[] };
