// From a loaded configuration to the files of another tool, with its loss report. Pure.
import type { BuiltConfig } from '../config/build-config.ts';
import type { Finding } from '../import/model/loss-findings.ts';
import { procfile } from './formats/to-procfile.ts';
import { supervisord } from './formats/to-supervisord.ts';
import { systemd } from './formats/to-systemd.ts';
import { type ExportedProject, readExported } from './model/exported-project.ts';
import { type KeyRules, type ProjectRules, reportKeys } from './model/report-keys.ts';

type ExportFormat = {
  /** As the report names it. */
  tool: string;
  /** @returns the text of each file by its name */
  write(project: ExportedProject): Record<string, string>;
  rules: KeyRules;
  ofProject: ProjectRules;
};

const FORMATS = { systemd, procfile, supervisord } satisfies Record<string, ExportFormat>;
export type ExportTool = keyof typeof FORMATS;
export const EXPORT_TOOLS = Object.keys(FORMATS) as ExportTool[];

export type ExportResult = { files: Record<string, string>; services: string[]; findings: Finding[] };

export function exportProject(
  tool: ExportTool,
  built: BuiltConfig,
  findProgram: ExportedProject['findProgram'],
): ExportResult {
  const project = readExported(built, findProgram);
  const format: ExportFormat = FORMATS[tool];
  return {
    files: format.write(project),
    services: project.services.map(({ spec }) => spec.name),
    findings: reportKeys(project, format.rules, format.ofProject, format.tool),
  };
}
