// Whether two loaded configurations say the same. Pure.
import type { ProjectConfig } from './spec.ts';

/** The loader writes keys in one order, so that equal configurations have equal texts. @param other undefined: there is none */
export const isSameConfig = (config: ProjectConfig, other: ProjectConfig | undefined): boolean =>
  config === other ||
  (other !== undefined && hasSameVersions(config, other) && JSON.stringify(config) === JSON.stringify(other));

/** Tells most edits without a look at everything. */
const hasSameVersions = ({ services }: ProjectConfig, other: ProjectConfig): boolean =>
  services.length === other.services.length &&
  services.every(({ specHash }, index) => specHash === other.services[index]!.specHash);
