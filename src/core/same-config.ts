// Whether two loaded configurations say the same. Pure.
import type { ProjectConfig } from './spec.ts';

/** The loader writes keys in one order, so that equal configurations have equal texts. @param other undefined: there is none */
export const isSameConfig = (config: ProjectConfig, other: ProjectConfig | undefined): boolean =>
  config === other || (other !== undefined && JSON.stringify(config) === JSON.stringify(other));
