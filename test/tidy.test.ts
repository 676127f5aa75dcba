// Rules of the house that a machine can hold: import directions, a pure core, file headers, nothing of one machine.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cyclesOf, folderPairsOf } from './tidy/import-graph.ts';
import {
  code,
  commentsIn,
  exists,
  importsOf,
  read,
  sources,
  specifiersOf,
  tracked,
  withoutComments,
} from './tidy/project-files.ts';

/** What clients, supervisor and log writer share: the protocol's words and places, and the lines that carry them. */
const wire = ['src/api/protocol', 'src/api/paths', 'src/api/recorded-places', 'src/rpc/', 'src/units.ts'];
/** What reads and shows stored logs, apart from the log writer. */
const logReading = ['src/logs/reader/', 'src/logs/'];

/** The allowed imports (decisions/0004): folder or file -> prefixes. A part may always import itself. */
const directions: Record<string, string[]> = {
  'src/units.ts': [],
  'src/version.ts': [],
  'src/terminal/': ['src/units.ts'],
  'src/v8/': [],
  'src/rpc/': [],
  'src/core/': ['src/units.ts'],
  'src/config/': ['src/core/', 'src/terminal/', 'src/units.ts', 'src/v8/'],
  'src/plan/': ['src/core/', 'src/config/', 'src/api/protocol', 'src/units.ts'],
  'src/os/': ['src/core/', 'src/units.ts', 'src/v8/'],
  'src/launch/': ['src/os/', 'src/core/', 'src/config/', 'src/units.ts'],
  'src/logs/': [...wire, 'src/os/', 'src/core/', 'src/terminal/', 'src/v8/'],
  'src/api/': ['src/core/', 'src/rpc/'],
  'src/supervisor/': [
    ...[...wire, 'src/os/', 'src/logs/', 'src/launch/', 'src/core/', 'src/config/', 'src/plan/', 'src/version.ts'],
    'src/v8/',
  ],
  'src/tui/': ['src/api/', 'src/core/', 'src/terminal/', 'src/units.ts', 'src/v8/', ...logReading],
  'src/import/': ['src/config/', 'src/units.ts'],
  'src/export/': ['src/import/', 'src/config/', 'src/core/', 'src/units.ts'],
  'src/cli/': [
    ...[
      'src/tui/',
      'src/import/',
      'src/export/',
      'src/api/',
      'src/rpc/',
      'src/core/',
      'src/config/',
      'src/plan/',
      'src/launch/',
      'src/terminal/',
      'src/units.ts',
    ],
    ...['src/version.ts', ...logReading],
  ],
  // A client like the command line, without its output.
  'src/library/': [
    ...['src/cli/context/', 'src/cli/up/supervisor-presence.ts', 'src/api/', 'src/core/', 'src/config/', 'src/plan/'],
    ...['src/units.ts', 'src/version.ts'],
  ],
  'src/index.ts': ['src/library/', 'src/api/', 'src/core/', 'src/config/', 'src/plan/', 'src/version.ts'],
  'src/main.ts': ['src/cli/', 'src/version.ts'],
};

/** Files over 300 lines, each with the reason why it is not two files. */
const longFiles: Record<string, string> = {
  'src/supervisor/kernel/kernel.ts': 'the one writer of state: its whole interface on one page or two',
  'test/sim/oracle.ts': 'all properties in one place, in the order of the design',
  'test/core/transition.test.ts': 'one table, a row for every cell of state and event',
};

/** Import circles that are still to be cut: `a ↔ b`. Remove an entry with its circle; add none. */
const knownCycles: string[] = [];
/** Folders of one part that still import each other. Remove an entry with its pair; add none. */
const knownFolderPairs: string[] = [];

/** One name for two files, where each folder has one such file and the field has no other word for it. */
const sharedBasenames: Record<string, string> = {
  'events.ts': 'the command `events`, the events of the supervisor, their view',
  'plan.ts': 'the command `plan`, and the plan itself',
  'errors.ts': 'errors of the command line, errors of system calls',
  'table.ts': 'tables of the command line, the table of the view',
  'main.ts': 'the entry of each process: orch, supervisor, log writer',
};
/** One name for two types, with the reason. */
const sharedTypeNames: Record<string, string> = {};

describe('imports', () => {
  test('no files import each other in a circle, types included', () => {
    expect(cyclesOf(sources)).toEqual(knownCycles);
  });

  test('no two folders of a part import each other; the root of the part is a folder too', () => {
    expect(folderPairsOf(sources)).toEqual(knownFolderPairs);
  });

  test('go one way only', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((target) => target.startsWith('src/') && !mayImport(path, target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every part of src has a rule', () => {
    expect(sources.filter((path) => ruleOf(path) === undefined)).toEqual([]);
  });

  test('core imports only itself', () => {
    const wrong = sources
      .filter((path) => path.startsWith('src/core/'))
      .flatMap((path) =>
        specifiersOf(path)
          .filter((name) => !name.startsWith('.'))
          .map((name) => `${path}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});

test('of a CommonJS package that is loaded late only the default is used: bundled, it has nothing else', () => {
  const wrong = sources.flatMap((path) =>
    [...withoutComments(read(path)).matchAll(/^.*(?<!typeof )\bimport\('([^'.][^']*)'\).*$/gm)]
      .filter(([line, name]) => isCommonJs(name!) && !line.includes('default:'))
      .map(([line]) => `${path}: ${line.trim()}`),
  );
  expect(wrong).toEqual([]);
});

function isCommonJs(name: string): boolean {
  const path = `node_modules/${name}/package.json`;
  return exists(path) && (JSON.parse(read(path)) as { type?: string }).type !== 'module';
}

test('core knows no clock, no randomness, no process', () => {
  const impure =
    /\bDate\b(?!\(\w)|\b(performance|crypto|console|setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\b|Math\.random|\bprocess\.(env|hrtime|argv|cwd|exit|on|once|nextTick|kill|uptime|platform)\b/;
  const wrong = sources.filter((path) => path.startsWith('src/core/')).flatMap((path) => linesMatching(path, impure));
  expect(wrong).toEqual([]);
});

test('no file is a drawer for everything', () => {
  const drawer = /(^|\/)(utils?|helpers?|common|misc|manager|handler)(\.|\/)/;
  expect(code.filter((path) => drawer.test(path))).toEqual([]);
});

test('no barrels except the public entry', () => {
  const barrels = sources.filter((path) =>
    /^(\s*export (type )?(\*|\{[^}]*\}) from '[^']+';?\s*)+$/.test(withoutComments(read(path))),
  );
  expect(barrels.filter((path) => path !== 'src/index.ts')).toEqual([]);
});

test('no error is swallowed without a reason', () => {
  const silent =
    /catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\s*(\(\w*\)|\w+)\s*=>\s*(\{\s*\}|undefined|null)\s*\)(?!.*\/\/)/g;
  const wrong = code.flatMap((path) => [...read(path).matchAll(silent)].map((match) => `${path}: ${match[0]}`));
  expect(wrong).toEqual([]);
});

test('every file opens with what it is for', () => {
  const wrong = code.filter((path) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)));
  expect(wrong).toEqual([]);
});

test('nothing of one machine is in the project', () => {
  // Put together here so that this file does not find itself.
  const places = [
    '/ho' + 'me/[a-z]',
    '/ro' + 'ot/',
    '/wo' + 'rk/',
    '/Us' + 'ers/[a-z]',
    'regis' + 'try\\.',
    'arti' + 'factory',
    'locali' + 'p:',
  ];
  const machine = new RegExp(places.join('|'));
  const text = tracked.filter((path) => !/\.(png|gif|gz|ico|zip|bin)$/.test(path));
  expect(text.flatMap((path) => linesMatching(path, machine))).toEqual([]);
});

test('no type name is declared twice', () => {
  const declared = sources.flatMap((path) =>
    [...read(path).matchAll(/^(?:export )?(?:abstract )?(?:type|interface|class|enum) (\w+)/gm)].map(
      ([, name]) => [name!, path] as const,
    ),
  );
  expect(twice(declared).filter(([name]) => sharedTypeNames[name] === undefined)).toEqual([]);
});

test('no file name is used twice in src', () => {
  const named = sources.map((path) => [posix.basename(path), path] as const);
  expect(twice(named).filter(([name]) => sharedBasenames[name] === undefined)).toEqual([]);
});

test('files that comments and documents name exist', () => {
  const texts = [
    ...code
      .filter((path) => !path.startsWith('test/sim/planted/'))
      .map((path) => [path, commentsIn(read(path))] as const),
    ...tracked
      .filter((path) => /^(?:README|CONTRIBUTING|docs\/(?:[^/]+|decisions\/.*))\.md$/.test(path))
      .map((path) => [path, read(path)] as const),
  ];
  const wrong = texts.flatMap(([path, text]) =>
    [...text.matchAll(/(?<![\w/.$<{*-])(?:[\w.-]+\/)*[\w][\w.-]*\.(?:tsx?|cts|mjs)\b(?!\()/g)]
      .map(([cited]) => cited.replace(/^(\.\.?\/)+/, ''))
      .filter((cited) => !tracked.some((file) => file === cited || file.endsWith(`/${cited}`)))
      .map((cited) => `${path}: ${cited}`),
  );
  expect(wrong).toEqual([]);
});

test('files stay short enough to read at once', () => {
  const long = code.filter((path) => read(path).split('\n').length > 301);
  expect(long.filter((path) => longFiles[path] === undefined)).toEqual([]);
});

test('file names are kebab-case', () => {
  const wrong = code.filter((path) => !/^[a-z0-9.-]+$/.test(posix.basename(path)));
  expect(wrong).toEqual([]);
});

/** Names that are given more than once, with their places. */
function twice(pairs: (readonly [name: string, path: string])[]): [string, ...string[]][] {
  const names = [...new Set(pairs.map(([name]) => name))];
  return names
    .map((name) => [name, ...pairs.filter((pair) => pair[0] === name).map(([, path]) => path)] as [string, ...string[]])
    .filter((entry) => entry.length > 2);
}

function ruleOf(path: string): string[] | undefined {
  const key = Object.keys(directions).find((part) => path.startsWith(part));
  return key === undefined ? undefined : [key, ...directions[key]!];
}

function mayImport(path: string, target: string): boolean {
  return (ruleOf(path) ?? []).some((prefix) => target.startsWith(prefix));
}

function linesMatching(path: string, pattern: RegExp): string[] {
  const text = /\.(tsx?|mjs)$/.test(path) && path.startsWith('src/') ? withoutComments(read(path)) : read(path);
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 160)}`] : []));
}

test('the reading of imports sees what it should', () => {
  expect(importsOf('test/rig/project.ts')).toContain('src/api/protocol.ts');
  expect(specifiersOf('test/rig/orch.ts')).toContain('execa');
});
