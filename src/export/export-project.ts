// From a loaded configuration to the files of another tool, with its loss report. Pure.
import type { BuiltConfig } from '../config/build-config.ts';
import type { ServiceSpec } from '../core/spec.ts';
import type { Finding } from '../import/model/loss-findings.ts';
import type { ExportTool } from './export-tools.ts';
import { compose } from './formats/to-compose.ts';
import { procfile } from './formats/to-procfile.ts';
import { supervisord } from './formats/to-supervisord.ts';
import { systemd } from './formats/to-systemd.ts';
import { type ExportedProject, type ExportTarget, readExported } from './model/exported-project.ts';
import { type KeyRules, type ProjectRules, reportKeys } from './model/report-keys.ts';

type ExportFormat = {
  /** As the report names it. */
  tool: string;
  /** @returns the text of each file by its name */
  write(project: ExportedProject): Record<string, string>;
  rules: KeyRules;
  ofProject: ProjectRules;
  /** Why it leaves out a service. */
  leavesOut?(spec: ServiceSpec): string | null;
};

const FORMATS: Record<ExportTool, ExportFormat> = { compose, systemd, supervisord, procfile };

export type ExportResult = { files: Record<string, string>; services: string[]; findings: Finding[] };

export function exportProject(tool: ExportTool, built: BuiltConfig, target: ExportTarget): ExportResult {
  const format = FORMATS[tool];
  const project = readExported(built, target, format.leavesOut ?? (() => null));
  return {
    files: format.write(project),
    services: project.services.map(({ spec }) => spec.name),
    findings: reportKeys(project, format.rules, format.ofProject, format.tool),
  };
}
