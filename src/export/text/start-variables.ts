// What a start needs in the words of a tool that sets variables itself and numbers the instances of a pool: which variables it
// sets, and which only a shell in front of the program can: counted ones, secrets, and those that a file would overwrite. Pure.
import type { EnvValue, InstanceTemplate, ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import type { ExportedService } from '../model/exported-project.ts';
import { fillText, type InstanceWords, knownWords, uses } from './instance-text.ts';
import { secretExports, shellWord } from './shell-line.ts';

/** @param number how the tool writes the number of an instance. @param escape text as the tool reads it back */
export type ToolText = { number: string; escape: (text: string) => string };

export type StartVariables = {
  /** Of a template in the text of the tool. */
  words: InstanceWords;
  /** Of a template within the shell, where the numbers are variables. */
  shellWords: InstanceWords;
  /** What the tool can set, as its text. */
  environment: [name: string, value: string][];
  /** What the shell counts from the number of the instance. */
  numbers: [name: string, value: string][];
  /** What the tool cannot set, but for secrets. */
  others: [name: string, value: InstanceTemplate][];
  /** The others and the secrets, as words of the shell. */
  exports: [name: string, value: string][];
};

/** @param isSettable whether the tool can set a value, which is its text */
export function startVariables(
  { spec, variables }: ExportedService,
  config: ProjectConfig,
  { number, escape: escaped }: ToolText,
  isSettable: (value: string) => boolean = () => true,
): StartVariables {
  const isPool = spec.pool > 1;
  const isCounted = isPool && (typeof spec.port === 'number' || uses(spec, 'ORCH_INDEX'));
  const known = knownWords(spec, config);
  const numbered = isPool ? { ORCH_INSTANCE: number, ORCH_INSTANCE_ID: `${escaped(spec.name)}.${number}` } : {};
  const words: InstanceWords = { ...mapValues(known, escaped), ...numbered };
  const shellWords: InstanceWords = { ...mapValues(known, shellWord), ...(isPool ? NUMBERS_IN_SHELL : {}) };
  const isOfTool = ([name, template]: [string, InstanceTemplate]): boolean =>
    !variables.overridden.includes(name) &&
    !(isCounted && isCountedValue(spec.env[name])) &&
    isSettable(fillText(template, words, escaped));
  const plain = variables.plain.filter(([name]) => name !== 'PORT' || spec.port === null);
  const others = plain.filter((pair) => !isOfTool(pair));
  return {
    words,
    shellWords,
    environment: [
      ...namedWords(spec, words),
      ...plain.filter(isOfTool).map(([name, template]): [string, string] => [name, fillText(template, words, escaped)]),
    ],
    numbers: isCounted ? countedNumbers(spec.port) : [],
    others,
    exports: [
      ...others.map(([name, template]): [string, string] => [name, fillText(template, shellWords, shellWord)]),
      ...secretExports(variables.secrets),
    ],
  };
}

/** Those that a program gets as variables: what its command or variables name, the number in a pool, and its port. */
export function namedWords(spec: ServiceSpec, words: InstanceWords): [name: string, value: string][] {
  const isNamed = (name: string): boolean =>
    name.startsWith('ORCH_') && (uses(spec, name) || (spec.pool > 1 && name === 'ORCH_INSTANCE'));
  const entries = Object.entries(words);
  return [...entries.filter(([name]) => isNamed(name)), ...entries.filter(([name]) => name === 'PORT')];
}

const NUMBERS_IN_SHELL = Object.fromEntries(
  ['ORCH_INSTANCE', 'ORCH_INSTANCE_ID', 'ORCH_INDEX', 'PORT'].map((name) => [name, `"$${name}"`]),
);

const mapValues = (record: Record<string, string>, change: (value: string) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

const isCountedValue = (value: EnvValue | undefined): boolean =>
  typeof value === 'string' && /\$\{(?:PORT|ORCH_INDEX)\b/.test(value);

const countedNumbers = (port: number | 'auto' | null): [string, string][] => [
  ...(typeof port === 'number' ? ([['PORT', `$((${port - 1} + ORCH_INSTANCE))`]] as [string, string][]) : []),
  ['ORCH_INDEX', '$((ORCH_INSTANCE - 1))'],
];
