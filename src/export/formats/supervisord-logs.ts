// Log files of a program. supervisord rotates each file for one process alone, so that no two may share one.
import { posix } from 'node:path';
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import type { ExportedProject } from '../model/exported-project.ts';

type LogSetting = [key: string, value: string | number | null];

export function logLines(spec: ServiceSpec, project: ExportedProject): LogSetting[] {
  const { logQueue, stderrQueue } = spec;
  const ofErrors = stderrQueue === null || stderrQueue === logQueue ? null : stderrQueue;
  return [
    ...fileLines('stdout', logQueue, spec, project),
    ...(ofErrors === null
      ? ([['redirect_stderr', 'true']] satisfies LogSetting[])
      : fileLines('stderr', ofErrors, spec, project)),
  ];
}

function fileLines(
  stream: 'stdout' | 'stderr',
  name: string,
  spec: ServiceSpec,
  project: ExportedProject,
): LogSetting[] {
  const { config, filedQueues } = project;
  const queue = config.logQueues.find((one) => one.name === name);
  if (!queue || queue.sink !== null || !filedQueues.has(name)) return [[`${stream}_logfile`, 'AUTO']];
  return [
    [`${stream}_logfile`, fileOf(queue, spec, config)],
    [`${stream}_logfile_maxbytes`, queue.rotate.sizeBytes],
    [`${stream}_logfile_backups`, queue.rotate.keep],
  ];
}

function fileOf(
  { name, path }: LogQueueSpec,
  { name: service, pool }: ServiceSpec,
  { services }: ProjectConfig,
): string {
  const writers = services.filter(({ logQueue, stderrQueue }) => logQueue === name || stderrQueue === name);
  const { dir, name: base, ext } = posix.parse(path.replaceAll('%', '%%'));
  const owner = writers.length > 1 ? `.${service}` : '';
  return `${dir}/${base}${owner}${pool > 1 ? '.%(process_num)d' : ''}${ext}`;
}
