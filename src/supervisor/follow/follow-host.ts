// What following a ref needs of the supervisor.
import type { Supervised } from '../api/supervised.ts';

export type FollowHost = Pick<
  Supervised,
  'kernel' | 'clock' | 'events' | 'variables' | 'edits' | 'onStep' | 'save' | 'file'
>;
