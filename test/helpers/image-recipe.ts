import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';

/** Far more than any RUN takes. */
const LONGEST_RUN_MS = 120_000;

interface Instruction {
  readonly keyword: string;
  readonly words: string;
}

/** One FROM of a Dockerfile and what follows it. */
export class Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: Instruction[] = [];

  constructor(from: string) {
    const [base = '', , name = ''] = from.split(/\s+/);
    this.base = base;
    this.name = name;
  }

  all(keyword: string): string[] {
    return this.instructions.filter((instruction) => instruction.keyword === keyword).map(({ words }) => words);
  }

  /** The one that counts: the last. @throws when there is none. */
  get(keyword: string): string {
    const words = this.all(keyword).at(-1);
    if (words === undefined) throw new Error(`the stage "${this.name}" from ${this.base} has no ${keyword}`);
    return words;
  }

  /** An instruction in exec form, as an argument list. @throws when it is in shell form. */
  exec(keyword: string): string[] {
    const words = this.get(keyword);
    return JSON.parse(words.slice(words.indexOf('['))) as string[];
  }
}

export function parseDockerfile(text: string): [Stage, ...Stage[]] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll('\\\n', '')
    .split('\n');
  const stages: Stage[] = [];
  for (const line of lines.filter((line) => line.trim() !== '')) {
    const [, keyword = '', words = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') stages.push(new Stage(words));
    else stages.at(-1)?.instructions.push({ keyword, words });
  }
  return stages as [Stage, ...Stage[]];
}

/** What may be copied into the image: of the .dockerignore, the names it takes back after excluding everything. */
export function buildContext(dockerignore: string): string[] {
  const lines = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (lines[0] !== '*') throw new Error('.dockerignore does not begin with excluding everything');
  return lines.slice(1).map((line) => line.replace(/^!/, ''));
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A user as USER and --chown name it, when this process may become it; else everything stays with this one. */
export function userOf(words: string): User | undefined {
  const [uid = Number.NaN, gid = Number.NaN] = words.split(':').map(Number);
  if (!Number.isInteger(uid + gid)) throw new Error(`"${words}" is no number of a user and a group`);
  return isRoot() ? { uid, gid } : undefined;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Performs a Dockerfile in a folder, as far as that goes without a container engine: the base image is this machine
 * with the Node of this process, and the packages are those already installed. Every stage is made at the same path, as
 * in the engine, because Node's compile cache depends on it.
 */
export class Rehearsal {
  readonly #context: string;
  readonly #scratch: string;
  #user: User | undefined;

  /** @param scratch an empty folder. */
  constructor(context: string, scratch: string) {
    this.#context = context;
    this.#scratch = scratch;
  }

  /** @returns the folder that the image's WORKDIR has become. */
  perform(stages: readonly Stage[]): string {
    for (const stage of stages) {
      this.#user = undefined;
      mkdirSync(this.#workdir);
      for (const instruction of stage.instructions) this.#follow(instruction, stage);
      if (stage !== stages.at(-1)) renameSync(this.#workdir, join(this.#scratch, stage.name));
    }
    return this.#workdir;
  }

  get #workdir(): string {
    return join(this.#scratch, 'workdir');
  }

  #follow({ keyword, words }: Instruction, stage: Stage): void {
    if (keyword === 'USER') this.#user = userOf(words);
    else if (keyword === 'COPY') this.#copy(words, stage.get('WORKDIR'));
    else if (keyword === 'RUN') this.#run(words);
  }

  #run(command: string): void {
    if (/^npm ci\b/.test(command)) {
      symlinkSync(join(this.#context, 'node_modules'), join(this.#workdir, 'node_modules'));
      return;
    }
    // Who is not root owns everything already.
    if (command.startsWith('chown') && !isRoot()) return;
    const options = { cwd: this.#workdir, env: baseEnvironment(), timeout: LONGEST_RUN_MS };
    execFileSync('/bin/sh', ['-c', command], { ...options, ...this.#user });
  }

  #copy(words: string, workdir: string): void {
    const sources = words.split(/\s+/).filter((word) => !word.startsWith('--'));
    const destination = sources.pop() as string;
    const owner = userOf(flagOf(words, 'chown') ?? '0:0');
    for (const source of sources) {
      for (const path of this.#origins(source, flagOf(words, 'from'), workdir)) {
        copy(path, join(this.#workdir, destination, nameUnder(source, path)), owner);
      }
    }
  }

  /** The real files and folders behind a source. */
  #origins(source: string, stage: string | undefined, workdir: string): string[] {
    if (stage !== undefined) return [join(this.#scratch, stage, posix.relative(workdir, source))];
    const context = buildContext(readFileSync(join(this.#context, '.dockerignore'), 'utf8'));
    if (source !== '.' && !context.includes(source)) throw new Error(`.dockerignore keeps ${source} out`);
    return (source === '.' ? context : [source]).map((name) => join(this.#context, name));
  }
}

function flagOf(words: string, name: string): string | undefined {
  return new RegExp(`--${name}=(\\S+)`).exec(words)?.[1];
}

/** COPY puts a folder's content into the destination, and a file under its own name. */
function nameUnder(source: string, path: string): string {
  return source === '.' || statSync(path).isFile() ? basename(path) : '';
}

function copy(from: string, to: string, owner: User | undefined): void {
  const folder = statSync(from).isDirectory();
  mkdirSync(folder ? to : dirname(to), { recursive: true });
  execFileSync('cp', ['-Rp', folder ? `${from}/.` : from, to]);
  if (owner) for (const path of treeOf(to)) lchownSync(path, owner.uid, owner.gid);
}

/** What a program in the image finds in its environment before anybody sets anything. */
export function baseEnvironment(): Record<string, string> {
  return { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, HOME: '/nonexistent' };
}

/** A path and everything under it; a symbolic link is itself, not what it leads to. */
export function treeOf(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path).flatMap((name) => treeOf(join(path, name)))];
}

/** Takes the right to write from everybody, or gives it back to the owner. */
export function setWritable(root: string, writable: boolean): void {
  for (const path of treeOf(root)) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, writable ? stat.mode | 0o200 : stat.mode & ~0o222);
  }
}

export function removeTree(root: string): void {
  if (!existsSync(root)) return;
  setWritable(root, true);
  rmSync(root, { recursive: true, force: true });
}
