// The output of a project's instances as it comes, read from the files of its log queues.
import type { OutputLine } from './line-printer.ts';
import type { View } from './show.ts';

export type Following = {
  /** Hands over what is in the files by now, then ends. */
  stop(): Promise<void>;
};

export async function followOutput(_view: View, _onLine: (line: OutputLine) => void): Promise<Following> {
  return { stop: async () => undefined };
}
