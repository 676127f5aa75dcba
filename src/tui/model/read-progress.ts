// How far reads of the log are that take long: which of the files is read now.
export type FileProgress = { file: number; files: number };

export class ReadProgress {
  /** For the screen: older lines, a time, a search. null: nothing, or not for long. */
  shown: FileProgress | null = null;
  /** For a file that is being written: to save, for the pager, for the editor. */
  saved: FileProgress | null = null;

  get isAny(): boolean {
    return this.shown !== null || this.saved !== null;
  }
}

/** `reading the log, file 3 of 12 … Esc stops`, and shorter texts; empty: nothing takes long. */
export function progressTexts({ shown, saved }: ReadProgress): string[] {
  const now = saved ?? shown;
  if (now === null) return [];
  const what = saved === null ? 'reading' : 'saving';
  const { file, files } = now;
  return [
    ...(files > 1 ? [`${what} the log, file ${file} of ${files} … Esc stops`] : []),
    `${what} the log … Esc stops`,
    `${files > 1 ? `${file} of ${files}` : what} … Esc stops`,
  ];
}
