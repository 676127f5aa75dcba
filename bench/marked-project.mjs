// A project whose services are marks: when each of them started is known to the microsecond.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMarks } from './marks.mjs';
import { MEMORY, withProject } from './orch.mjs';

/**
 * @param {number} count services s0, s1, …, without back-off
 * @param use gets the project, its marks, and `textOf({ changed, added, extra })`: its file, `changed`: a value that s3 gets,
 *   `added`: the name of one more service, `extra`: more of them as text
 */
export async function withMarked(count, use) {
  const directory = mkdtempSync(join(MEMORY ?? tmpdir(), 'orch-marks-'));
  const marks = openMarks(directory);
  const textOf = ({ changed = null, added = null, extra = '' } = {}) => {
    const service = (name, more = '') =>
      `  ${name}:\n    command: ${JSON.stringify(marks.argv(name))}\n    restart: { policy: always, backoff: { initial: 0ms } }\n${more}`;
    const services = Array.from({ length: count }, (_, index) =>
      service(`s${index}`, index === 3 && changed !== null ? `    env: { CHANGED: "${changed}" }\n` : ''),
    );
    return `services:\n${services.join('')}${added === null ? '' : service(added)}${extra}`;
  };
  try {
    return await withProject(
      textOf(),
      (project) =>
        use({ project, marks, textOf, savePlainly: (text) => writeFileSync(join(project.root, 'procs.yaml'), text) }),
      MEMORY ?? undefined,
    );
  } finally {
    marks.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
