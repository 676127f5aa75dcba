// From the files of another tool to a procs.yaml with its loss report. Pure but for what the context reads and evaluates.
import { detectFormat, type Format, isCompanion } from './detect-format.ts';
import { dropRefused } from './drop-refused.ts';
import { importMprocs } from './formats/mprocs.ts';
import { importPackageJson } from './formats/package-json.ts';
import { importPitchfork } from './formats/pitchfork.ts';
import { importPm2 } from './formats/pm2.ts';
import { importProcessCompose } from './formats/process-compose.ts';
import { importProcfile } from './formats/procfile.ts';
import { importCompose } from './formats/read-compose.ts';
import { importSupervisord } from './formats/supervisord.ts';
import { importSystemd } from './formats/systemd.ts';
import { finishProject } from './model/finish.ts';
import { type EvaluateScript, type ImportContext, type ImportInput, ImportProblem } from './model/import-context.ts';
import type { Finding } from './model/loss-findings.ts';
import { ProjectDraft } from './model/project-draft.ts';
import { printFiles } from './output/print-project.ts';

export type ImportRequest = {
  inputs: ImportInput[];
  /** null: by the name of each file, then by its contents. */
  format: Format | null;
  read: (file: string) => string | null;
  list: (pattern: string) => string[];
  evaluate: EvaluateScript;
  keepsContainers?: boolean;
  /** `$schema` for editors; null: none. */
  schema: string | null;
};

export type ImportResult = {
  /** Name of the file -> its text: procs.yaml, and an overlay for each environment. */
  files: Record<string, string>;
  formats: Format[];
  services: string[];
  findings: Finding[];
};

type Importer = (inputs: ImportInput[], context: ImportContext) => void | Promise<void>;

const oneByOne =
  (importFile: (input: ImportInput, context: ImportContext) => void | Promise<void>): Importer =>
  async (inputs, context) => {
    for (const input of inputs) await importFile(input, context);
  };

const IMPORTERS: Record<Format, Importer> = {
  procfile: oneByOne(importProcfile),
  'process-compose': oneByOne(importProcessCompose),
  compose: importCompose,
  pm2: oneByOne(importPm2),
  supervisord: importSupervisord,
  mprocs: oneByOne(importMprocs),
  pitchfork: oneByOne(importPitchfork),
  systemd: importSystemd,
  'package-json': oneByOne(importPackageJson),
};

/** @throws ImportProblem for a file that cannot be read or belongs to no tool that is known */
export async function importFiles(request: ImportRequest): Promise<ImportResult> {
  const { project, formats } = await readProject(request);
  finishProject(project);
  const names = request.inputs.map(({ file }) => file).join(', ');
  const heading = [
    ...(request.schema ? [`yaml-language-server: $schema=${request.schema}`] : []),
    `Made from ${names} by \`orch import\`. \`orch validate\` checks it; every key: docs/reference/procs-yaml.md of orch.`,
  ];
  await dropRefused(project);
  const files = printFiles(project, { lines: heading }, (environment) => [
    `What differs with \`orch -e ${environment}\`; made from ${names} by \`orch import\`.`,
  ]);
  const services = project.services.map(({ name }) => name);
  return { files, formats, services, findings: project.findings.all() };
}

/** The draft before names and defaults are settled; `orch init` adds to it. */
export async function readProject(request: Omit<ImportRequest, 'schema'>) {
  const { inputs, format, read, list, evaluate, keepsContainers = true } = request;
  const project = new ProjectDraft(inputs[0]!.file);
  const byFormat = new Map<Format, ImportInput[]>();
  const context: ImportContext = { project, read, list, evaluate, keepsContainers };
  for (const input of inputs) {
    if (inputs.length > 1 && isCompanion(input.file)) continue;
    const found = format ?? detectFormat(input.file, input.text);
    if (!found)
      throw new ImportProblem(input.file, 'the tool that the file belongs to is not recognised; name it with --from');
    byFormat.set(found, [...(byFormat.get(found) ?? []), input]);
  }
  for (const [found, own] of byFormat) await IMPORTERS[found](own, context);
  return { project, formats: [...byFormat.keys()] };
}
