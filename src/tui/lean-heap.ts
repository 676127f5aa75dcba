// Keeps the view small, which is open all day: V8 lets the young generation of a busy process grow to 16 MiB and keeps a copy
// of it, though a second of output is 200 KiB. Imported first: what has grown does not shrink.
import { setFlagsFromString } from 'node:v8';

/** It stays as large as it is: this is asked when it would grow. */
setFlagsFromString('--semi-space-growth-factor=1');
/** Frames are few: most of what was drawn in the first minute was compiled for later, at the cost of a frame each. */
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=2000000');
