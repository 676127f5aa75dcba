// The dependencies between services as rows of a tree: everything in the order of a start, or only what one service waits
// for and what waits for it. Pure; formats nothing.
import type { DependencyStatus, ServiceStatus } from '../../api/protocol.ts';

/** `focus`: only its surroundings are shown; null: all services. `chosen`: id of a row; null: the first. */
export type GraphPage = { chosen: string | null; focus: string | null };
export const WHOLE_GRAPH: GraphPage = { chosen: null, focus: null };

export type GraphRow = GraphTitle | GraphNode;
export type GraphTitle = { kind: 'title'; text: string };
export type GraphNode = {
  kind: 'node';
  /** The names from the top of its tree down to its own, with a blank between: a service may be in several places. */
  id: string;
  name: string;
  /** null: depended on, but not declared. */
  service: ServiceStatus | null;
  /** What connects it with the row that it hangs on; null: it is at the top. */
  edge: GraphEdge | null;
  /** For each level from the top: whether another row of that level follows below. Its length is the depth. */
  branches: readonly boolean[];
  /** What hangs on it is drawn at its first place only. */
  isRepeated: boolean;
};
/** `dependency`: whose condition is meant. */
export type GraphEdge = DependencyStatus & { dependency: string };

/** Rows of a status never change: the reducer and the view both ask. */
const known = new WeakMap<readonly ServiceStatus[], Map<string | null, GraphRow[]>>();

/** @param focus a service; null: all. Without `focus` each service hangs on what it waits for. */
export function graphRows(services: readonly ServiceStatus[], focus: string | null): GraphRow[] {
  const ofStatus = known.get(services) ?? new Map<string | null, GraphRow[]>();
  const rows = ofStatus.get(focus) ?? makeRows(services, focus);
  known.set(services, ofStatus.set(focus, rows));
  return rows;
}

function makeRows(services: readonly ServiceStatus[], focus: string | null): GraphRow[] {
  const graph = new Graph(services);
  if (focus === null) return graph.wholeRows();
  return graph.has(focus) ? graph.rowsAround(focus) : [];
}

type Neighbour = { name: string; edge: GraphEdge };
/** What hangs on a service. */
type Neighbours = ReadonlyMap<string, readonly Neighbour[]>;

class Graph {
  readonly #services: ReadonlyMap<string, ServiceStatus>;
  readonly #needs: Neighbours;
  readonly #neededBy: Neighbours;

  constructor(services: readonly ServiceStatus[]) {
    this.#services = new Map(services.map((service) => [service.name, service]));
    const needs = new Map<string, Neighbour[]>();
    const neededBy = new Map<string, Neighbour[]>();
    for (const { name, dependsOn = [] } of services) {
      for (const each of dependsOn) {
        const edge = { ...each, dependency: each.service };
        listOf(needs, name).push({ name: each.service, edge });
        listOf(neededBy, each.service).push({ name, edge });
      }
    }
    this.#needs = needs;
    this.#neededBy = neededBy;
  }

  has(name: string): boolean {
    return this.#services.has(name);
  }

  /** Services without any dependency come last, whatever the order of the file. */
  wholeRows(): GraphRow[] {
    const isSource = (name: string) => !this.#needs.get(name)?.some((each) => this.#services.has(each.name));
    const sources = [...this.#services.keys()].filter(isSource);
    const connected = sources.filter((name) => this.#neededBy.has(name));
    const alone = sources.filter((name) => !this.#neededBy.has(name));
    const seen = new Set<string>();
    const trees = connected.flatMap((name) => this.#tree(name, this.#neededBy, seen));
    // Only in a circle, which the files cannot declare. Each service is shown in any case.
    const left = [...this.#services.keys()].filter((name) => !seen.has(name) && !alone.includes(name));
    const rest = left.flatMap((name) => (seen.has(name) ? [] : this.#tree(name, this.#neededBy, seen)));
    const singles = alone.flatMap((name) => this.#tree(name, this.#neededBy, seen));
    const all = [...trees, ...rest];
    return all.length === 0 || singles.length === 0
      ? [...all, ...singles]
      : [...all, { kind: 'title', text: 'without dependencies' }, ...singles];
  }

  rowsAround(name: string): GraphRow[] {
    const [own, ...needs] = this.#tree(name, this.#needs, new Set(), '<');
    const [, ...neededBy] = this.#tree(name, this.#neededBy, new Set(), '>');
    const title = (text: string, rows: readonly GraphRow[]): GraphRow => ({
      kind: 'title',
      text: rows.length === 0 ? `${text} nothing` : text,
    });
    return [own!, title('waits for', needs), ...needs, title('is waited for by', neededBy), ...neededBy];
  }

  /** A service with all that hangs on it. @param seen services that are drawn already */
  #tree(name: string, neighbours: Neighbours, seen: Set<string>, prefix = ''): GraphRow[] {
    const rows: GraphRow[] = [];
    const add = (at: Pick<GraphNode, 'id' | 'name' | 'edge' | 'branches'>): void => {
      const below = neighbours.get(at.name) ?? [];
      const isRepeated = seen.has(at.name) && below.length > 0;
      rows.push({ kind: 'node', service: this.#services.get(at.name) ?? null, isRepeated, ...at });
      seen.add(at.name);
      if (isRepeated) return;
      for (const [index, each] of below.entries()) {
        const branches = [...at.branches, index < below.length - 1];
        add({ id: `${at.id} ${each.name}`, name: each.name, edge: each.edge, branches });
      }
    };
    add({ id: `${prefix}${name}`, name, edge: null, branches: [] });
    return rows;
  }
}

function listOf(map: Map<string, Neighbour[]>, name: string): Neighbour[] {
  const list = map.get(name) ?? [];
  map.set(name, list);
  return list;
}

const nameOfId = (id: string): string => id.slice(id.lastIndexOf(' ') + 1).replace(/^[<>]/, '');

/** Index of the row of that id; if it is gone, of the service, where what hangs on it is drawn; else of the first. -1: no row. */
export function chosenIndex(rows: readonly GraphRow[], chosen: string | null): number {
  const at = (test: (row: GraphNode) => boolean) => rows.findIndex((row) => row.kind === 'node' && test(row));
  if (chosen !== null) {
    const exact = at((row) => row.id === chosen);
    if (exact !== -1) return exact;
    const name = nameOfId(chosen);
    const same = at((row) => row.name === name && !row.isRepeated);
    if (same !== -1) return same;
  }
  return at(() => true);
}

export function chosenNode(services: readonly ServiceStatus[], { chosen, focus }: GraphPage): GraphNode | null {
  const rows = graphRows(services, focus);
  const row = rows[chosenIndex(rows, chosen)];
  return row?.kind === 'node' ? row : null;
}

/** @param delta rows, down positive; infinite: to the end. Titles are passed over. */
export function moveInGraph(services: readonly ServiceStatus[], page: GraphPage, delta: number): GraphPage {
  const rows = graphRows(services, page.focus);
  const nodes = rows.filter((row) => row.kind === 'node');
  const now = rows[chosenIndex(rows, page.chosen)];
  const at = nodes.indexOf(now as GraphNode);
  const next = nodes[Math.max(0, Math.min(nodes.length - 1, at + delta))];
  return next === undefined ? page : { ...page, chosen: next.id };
}
