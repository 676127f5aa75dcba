// Keeps the view small, which is open all day: V8 lets the young generation of a busy process grow to 16 MiB and keeps a copy
// of it, though a second of output is 200 KiB. Imported first: what has grown does not shrink.
import { changeFlag } from '../v8/flags.ts';

/** It stays as large as it is: this is asked when it would grow. */
changeFlag({ own: '--semi-space-growth-factor=1', usual: '--semi-space-growth-factor=2' });
/** Frames are few: most of what was drawn in the first minute was compiled for later, at the cost of a frame each. */
if (process.versions.node.startsWith('20.'))
  changeFlag({ own: '--interrupt-budget=2000000', usual: '--interrupt-budget=67584' });
