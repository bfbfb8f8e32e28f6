import { fileURLToPath } from 'node:url';

/** What `node --cpu-prof` writes. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** Which node was running at each sample. */
  readonly samples: readonly number[];
  /** From one sample to the next. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Parts of the busy time, from 0 to 1. */
export interface Shares {
  /** Busy time by all time. */
  readonly busy: number;
  readonly groups: readonly { readonly name: string; readonly self: number }[];
  readonly functions: readonly FunctionShare[];
}

export interface FunctionShare {
  readonly name: string;
  readonly place: string;
  /** In the function itself. */
  readonly self: number;
  /** With everything it calls; what it calls again itself counts once. */
  readonly total: number;
}

/** Not work: the event loop waiting for something to happen. */
const IDLE = '(idle)';

/** What V8 cannot ascribe to a function, in words. */
const SPECIAL: Readonly<Record<string, string>> = {
  '(program)': 'native code: event loop, system calls, compiler',
  '(garbage collector)': 'garbage collector',
  '(root)': 'native code: event loop, system calls, compiler',
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Adds samples up by function and by package or file. @param lastMicroseconds only so much, counted from the end. */
export function shareOut(profile: CpuProfile, lastMicroseconds: number): Shares {
  const selfTimes = selfTimesOf(profile, lastMicroseconds);
  const all = sum(selfTimes.values());
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const idle = [...selfTimes].filter(([id]) => byId.get(id)?.callFrame.functionName === IDLE);
  const busy = all - sum(idle.map(([, time]) => time));

  const groups = new Map<string, number>();
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  walk(byId, profile.nodes[0], [], (node, path) => {
    const time = selfTimes.get(node.id) ?? 0;
    if (time === 0 || node.callFrame.functionName === IDLE) return;
    add(groups, groupOf(node), time);
    add(self, keyOf(node), time);
    for (const key of new Set(path)) add(total, key, time);
  });
  return {
    busy: busy / all,
    groups: descending(groups).map(([name, time]) => ({ name, self: time / busy })),
    functions: descending(self).map(([key, time]) => {
      const [name = '', place = ''] = key.split('\n');
      return { name, place, self: time / busy, total: (total.get(key) ?? 0) / busy };
    }),
  };
}

/** Self time of each node, of the last part of the profile. */
function selfTimesOf({ samples, timeDeltas, startTime, endTime }: CpuProfile, last: number): Map<number, number> {
  const times = new Map<number, number>();
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    if (now >= endTime - last) add(times, id, Math.max(0, timeDeltas[index + 1] ?? 0));
  }
  return times;
}

/** Visits every node with the functions that led to it, itself included. */
function walk(
  nodes: ReadonlyMap<number, ProfileNode>,
  node: ProfileNode | undefined,
  above: readonly string[],
  visit: (node: ProfileNode, path: readonly string[]) => void,
): void {
  if (!node) return;
  const path = [...above, keyOf(node)];
  visit(node, path);
  for (const child of node.children ?? []) walk(nodes, nodes.get(child), path, visit);
}

/** Function and place, which a nameless function is told by. */
function keyOf(node: ProfileNode): string {
  const { functionName, url, lineNumber } = node.callFrame;
  const name = functionName === '' ? '(nameless)' : functionName;
  const place = placeOf(url);
  return place === '' ? `${name}\n${groupOf(node)}` : `${name}\n${place}:${lineNumber + 1}`;
}

/** A file, from the program's folder or from its package on. */
function placeOf(url: string): string {
  if (url.startsWith('node:') || url === '') return url;
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const inPackages = path.lastIndexOf('node_modules/');
  if (inPackages >= 0) return path.slice(inPackages + 'node_modules/'.length);
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
}

/** Our own files one by one, packages as a whole, Node's own code by its parts. */
function groupOf({ callFrame: { functionName, url } }: ProfileNode): string {
  const place = placeOf(url);
  if (place === '') return SPECIAL[functionName] ?? 'native functions';
  if (place.startsWith('node:')) return place.replace(/^node:internal\/([^/]+).*$/, 'node:$1');
  if (!url.includes('node_modules/')) return place;
  const [scope = '', name = ''] = place.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function add<K>(sums: Map<K, number>, key: K, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}

function descending<K>(sums: ReadonlyMap<K, number>): [K, number][] {
  return [...sums].sort(([, a], [, b]) => b - a);
}
