// `readiness` or `startup` -> `healthcheck`, which runs a program of the image: curl or wget for `http`, nc or bash for `tcp`. Pure.
import type { Check, Probe, ServiceSpec } from '../../core/spec.ts';
import type { PlainMap } from '../../import/model/plain.ts';
import { fillText, type InstanceWords } from '../text/instance-text.ts';
import { shellWord } from '../text/shell-line.ts';
import { composeTime } from './compose-containers.ts';

/** Failures before the first success do not count for so long: orch waits however long it takes. */
const START_PERIOD_MS = 300_000;

/** What makes an instance ready. */
export const readyProbe = ({ readiness, startup }: Pick<ServiceSpec, 'readiness' | 'startup'>): Probe | null =>
  readiness ?? startup;

/** Whether others can wait for `service_healthy`. */
export const hasHealthcheck = (spec: ServiceSpec): boolean => testsOf(spec, {}).length > 0;

/** Nothing is at a port that orch would choose. */
function testsOf(spec: ServiceSpec, words: InstanceWords): Test[] {
  const checks = readyProbe(spec)?.checks ?? [];
  const isAtChosenPort = (check: Check): boolean => spec.port === 'auto' && JSON.stringify(check).includes('PORT');
  return checks.flatMap((check) => (isAtChosenPort(check) ? [] : (testOf(check, words) ?? [])));
}

/** @returns null where the image can check nothing */
export function healthcheckOf(spec: ServiceSpec, words: InstanceWords): PlainMap | null {
  const probe = readyProbe(spec);
  const tests = testsOf(spec, words);
  if (probe === null || tests.length === 0) return null;
  const every = composeTime(Math.max(probe.everyMs, 1));
  return {
    test: joinTests(tests),
    interval: every,
    timeout: composeTime(probe.timeoutMs),
    retries: probe.failures,
    start_period: composeTime(Math.max(START_PERIOD_MS, startupMs(spec))),
    start_interval: every,
  };
}

/** How long `startup` may fail. */
const startupMs = ({ startup }: ServiceSpec): number =>
  startup === null ? 0 : startup.initialDelayMs + startup.failures * (startup.everyMs + startup.timeoutMs);

type Test = { kind: 'words'; words: string[] } | { kind: 'line'; line: string };

function joinTests(tests: Test[]): string[] {
  const [first] = tests as [Test, ...Test[]];
  if (tests.length === 1 && first.kind === 'words') return ['CMD', ...first.words];
  const lines = tests.map((test) => (test.kind === 'line' ? test.line : test.words.map(shellWord).join(' ')));
  return ['CMD-SHELL', lines.length === 1 ? lines[0]! : lines.map((line) => `{ ${line}; }`).join(' && ')];
}

/** Only a supervisor sees it. */
export const isUnseen = (check: Check): boolean => testOf(check, {}) === null;

/** @returns null for what only a supervisor sees: lines of output, messages, time */
function testOf(check: Check, words: InstanceWords): Test | null {
  const fill = (text: string): string => fillText(text, words, (part) => part);
  switch (check.kind) {
    case 'exec':
      return check.command.kind === 'shell'
        ? { kind: 'line', line: check.command.line.trim() }
        : { kind: 'words', words: check.command.argv.map(fill) };
    case 'http': {
      const headers = Object.entries(check.headers).flatMap(([name, value]) => ['-H', `${name}: ${fill(value)}`]);
      if (check.status === null && headers.length === 0) {
        const url = shellWord(fill(check.url));
        return { kind: 'line', line: `curl -fsS -o /dev/null ${url} || wget -q -O /dev/null ${url}` };
      }
      if (check.status === null)
        return { kind: 'words', words: ['curl', '-fsS', '-o', '/dev/null', ...headers, fill(check.url)] };
      const request = ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', ...headers, fill(check.url)];
      return { kind: 'line', line: `test "$(${request.map(shellWord).join(' ')})" = ${check.status}` };
    }
    case 'tcp': {
      const [, host = '127.0.0.1', port] = /^(?:(.*):)?([^:]*)$/.exec(fill(check.address))!;
      const name = host.replace(/^\[(.*)\]$/, '$1');
      return {
        kind: 'line',
        line: `nc -z ${shellWord(name)} ${port} || bash -c ${shellWord(`: < /dev/tcp/${name}/${port}`)}`,
      };
    }
    case 'unix':
      return { kind: 'words', words: ['test', '-S', fill(check.path)] };
    case 'log':
    case 'notify':
    case 'ipc':
    case 'delay':
      return null;
  }
}

/** How the check of a container differs; none: it is exact. */
export function healthcheckReasons(probe: Probe): string[] {
  const kinds = new Set(probe.checks.map(({ kind }) => kind));
  const unseen = probe.checks.filter(isUnseen).map(({ kind }) => kind);
  const hasBody = probe.checks.some((check) => check.kind === 'http' && check.body !== null);
  return [
    ...(unseen.length > 0 ? [`no healthcheck sees \`${unseen.join('`, `')}\``] : []),
    ...(kinds.has('http') ? ['the image must have curl or wget'] : []),
    ...(hasBody ? ['`body` is not checked'] : []),
    ...(kinds.has('tcp') ? ['the image must have nc or bash'] : []),
    ...(kinds.has('unix') ? ['that the socket exists is enough'] : []),
    ...(probe.successes > 1 ? ['one success is enough'] : []),
    ...(probe.initialDelayMs > 0 ? ['the first check comes after `every`'] : []),
    ...(probe.onFailure === 'restart' ? ['docker restarts no unhealthy container'] : []),
  ];
}
