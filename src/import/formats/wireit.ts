// `wireit` in package.json: its services, and the scripts that they depend on.
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, reported, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { literal } from '../text/variables.ts';
import { binRunner, type PackageScripts, setLine } from './package-scripts.ts';
import { readScriptLine } from './script-line.ts';

export function importWireit(scripts: PackageScripts): void {
  const { project } = scripts.context;
  const wireit = nodeAt(scripts.root, 'wireit');
  const all = entriesOf(wireit);
  const services = all.filter((node) => isService(node));
  // Scripts that a service needs run to their end before it; others stay with wireit.
  const needed = new Set<string>();
  const add = (node: SourceNode): void => {
    for (const name of dependenciesOf(node)) {
      const other = nodeAt(wireit, name);
      if (!other || needed.has(name)) continue;
      if (!isService(other) && textOf(nodeAt(other, 'command')) !== '') needed.add(name);
      add(other);
    }
  };
  for (const node of services) add(node);
  const taken = all.filter((node) => services.includes(node) || needed.has(node.key));
  for (const node of all) {
    if (!taken.includes(node)) {
      const isGroup = nodeAt(node, 'command') === undefined;
      project.findings.add(
        node,
        isGroup ? undefined : nearly(`no service needs it: \`${scripts.manager} run ${node.key}\` as before`),
      );
    } else importScript(node, scripts);
  }
  for (const service of project.services) resolve(service, wireit!, new Set(taken.map(({ key }) => key)));
}

const isService = (node: SourceNode): boolean => {
  const service = nodeAt(node, 'service');
  return service !== undefined && (service.kind === 'map' || isOn(service));
};

/** Names of this package; `../other:build` and `<dependencies>` are of others. */
const dependenciesOf = (node: SourceNode): string[] => {
  const list = nodeAt(node, 'dependencies');
  return (list?.kind === 'list' ? list.items : [])
    .map((item) => textOf(nodeAt(item, 'script')) || textOf(item))
    .filter(Boolean);
};

function importScript(node: SourceNode, scripts: PackageScripts): void {
  const service = scripts.context.project.service(node.key, node);
  service.comments.push(...node.comments);
  if (!isService(node)) service.set('restart', 'never');
  service.set('stop', { to: 'tree' });
  applyRules(node, wireitRules(scripts, isService(node)), service, scripts.context.project.findings);
}

function wireitRules(scripts: PackageScripts, isServer: boolean): ServiceRules {
  return {
    command: (node, { draft }) => {
      setLine(draft, readScriptLine(textOf(node), binRunner(scripts.manager)), scripts.directory);
    },
    service: (node, { draft, findings }) => {
      const ready = nodeAt(node, 'readyWhen', 'lineMatches');
      if (ready) {
        draft.set('readiness', { log: textOf(ready) });
        findings.add(ready, undefined);
        return reported;
      }
      // Without `readyWhen` a service is ready once it was started.
      draft.set('ready_after', '0s');
      return undefined;
    },
    dependencies: (node, { draft, findings }) => {
      for (const item of node.kind === 'list' ? node.items : []) {
        const name = textOf(nodeAt(item, 'script')) || textOf(item);
        const isForeign = name.includes(':') && /^[./<]/.test(name);
        if (isForeign)
          findings.add(item, notCarried('a script of another package: run it before, or import that package, too'));
        else {
          draft.merge('depends_on', { [name]: 'completed' });
          findings.add(item, cascadeVerdict(item));
        }
      }
      return reported;
    },
    env: (node, { draft }) => {
      const env = entriesOf(node).filter((entry) => entry.kind === 'scalar');
      if (env.length > 0)
        draft.merge('env', Object.fromEntries(env.map((entry) => [entry.key, literal(textOf(entry))])));
      const outer = entriesOf(node).filter((entry) => entry.kind === 'map');
      for (const entry of outer) {
        const otherwise = textOf(nodeAt(entry, 'default'));
        if (otherwise !== '') draft.merge('env', { [entry.key]: `\${${entry.key}:-${literal(otherwise)}}` });
      }
    },
    files: (node, { draft }) => {
      if (!isServer) return nearly('it runs at every start: orch keeps no results');
      const paths = textsOf(node);
      if (paths.length > 0) draft.set('watch', { paths });
      return undefined;
    },
    output: () => nearly('it runs at every start: orch keeps no results'),
    clean: () => nearly('orch removes no output'),
    packageLocks: asIs,
    allowUsuallyExcludedPaths: asIs,
  };
}

const cascadeVerdict = (item: SourceNode): Verdict | undefined =>
  textOf(nodeAt(item, 'cascade')) === 'false'
    ? nearly('a dependency that is restarted restarts nothing here in any case')
    : undefined;

/** A dependency on a group stands for what the group needs; one on a service waits until it is ready. */
function resolve(service: ServiceDraft, wireit: SourceNode, taken: ReadonlySet<string>): void {
  const depends = service.map('depends_on');
  const resolved: Record<string, string> = {};
  const visit = (name: string, depth: number): void => {
    const node = nodeAt(wireit, name);
    if (!node || depth > 20) return;
    if (taken.has(name)) resolved[name] = isService(node) ? 'ready' : 'completed';
    else for (const inner of dependenciesOf(node)) visit(inner, depth + 1);
  };
  for (const name of Object.keys(depends)) visit(name, 0);
  if (Object.keys(resolved).length > 0) service.set('depends_on', resolved);
  else service.remove('depends_on');
}
