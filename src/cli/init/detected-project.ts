// What `orch init` found in a directory.
import type { ProjectDraft } from '../../import/model/project-draft.ts';

export type DetectedProject = {
  project: ProjectDraft;
  /** The file it was made from; null for the sample. */
  from: string | null;
  /** One sentence for each thing that was seen and not taken. */
  notTakenOver: string[];
};
