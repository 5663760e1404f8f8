import type { RepoOptions } from '../support/repo.ts';
import { createRandom, type Random } from './random.ts';

/** What happens in a campaign, and when: the same for the same seed. What of it coincides is up to the machine. */

/** What becomes of a repository. */
export type Career =
  /** Pushed to, starred all the time. */
  | 'plain'
  /** Starred in the middle of it all. */
  | 'late'
  | 'unstarred'
  /** The same, but a person made a project below its own on OneDev, which must not go with it. */
  | 'guarded'
  /** Its star is taken back and given again. */
  | 'restarred'
  | 'renamed'
  /** Renamed, and another repository takes the old name. */
  | 'succeeded'
  | 'hidden'
  | 'shown again'
  | 'deleted'
  /** Somebody else's project is on its path. */
  | 'squatted'
  | 'paused';

export interface PlannedRepository {
  fullName: string;
  career: Career;
  shape: RepoOptions;
  /** Of those unstarred: a person says yes, without waiting for the end of the grace period. */
  approved: boolean;
}

export type ChangeKind =
  | 'push'
  | 'rewrite'
  | 'new branch'
  | 'drop branch'
  | 'tag'
  | 'star'
  | 'unstar'
  | 'rename'
  | 'newcomer'
  | 'hide'
  | 'show'
  | 'delete'
  | 'pause'
  | 'resume';

export interface Change {
  atMs: number;
  do: ChangeKind;
  /** Index of the repository. */
  at: number;
}

export const KILLED = ['worker', 'api', 'postgres', 'temporal', 'github', 'onedev'] as const;
export type Killed = (typeof KILLED)[number];

/** Those that befall connections and answers. */
export const TROUBLES = [
  'temporal stands still',
  'worker stands still',
  'postgres connections cut',
  'github connections cut',
  'github slow',
  'github answers 500',
  'github answers 429',
  'github git answers 429',
  'onedev connections cut',
  'onedev answers lost',
  'onedev slow',
  'onedev answers 500',
  'onedev in maintenance',
] as const;
export type Trouble = (typeof TROUBLES)[number];

export type FaultKind = `kill ${Killed}` | Trouble;

export interface Fault {
  atMs: number;
  kind: FaultKind;
  /** Of a kill: how long a stand-in stays away. Of trouble: how long it lasts, or how long an answer waits. */
  lastsMs: number;
  /** Requests it befalls, and bytes after which a connection is cut. */
  times: number;
  bytes: number;
}

export interface Plan {
  seed: number;
  durationMs: number;
  /** Everything is mirrored before anything happens to it. */
  calmBeginning: boolean;
  transfer: 'auto' | 'clone';
  repositories: PlannedRepository[];
  changes: Change[];
  faults: Fault[];
}

export interface PlanOptions {
  seed: number;
  repositories: number;
  durationMs: number;
  /** The whole campaign has less than a minute: every process is killed once, what takes a minute by design is left out, and persons are quick. */
  short?: boolean;
}

/** Of a hundred repositories, so many; at least one of each. */
const SHARES: [Career, number][] = [
  ['late', 8],
  ['unstarred', 4],
  ['guarded', 1],
  ['restarred', 4],
  ['renamed', 5],
  ['succeeded', 2],
  ['hidden', 3],
  ['shown again', 3],
  ['deleted', 3],
  ['squatted', 3],
  ['paused', 3],
];

/** The anchor, one of each career, and one that is plain. */
export const FEWEST_REPOSITORIES = SHARES.length + 2;

const PUSHES_PER_SECOND = 0.9;
const KILL_EVERY_MS = 11_000;
const TROUBLE_EVERY_MS = 4_500;

/** Those that GitHub says last a minute, since it names no time. */
const SLOW_TO_PASS: Trouble[] = ['github git answers 429'];

export function planCampaign(options: PlanOptions): Plan {
  const { seed, durationMs, short = false } = options;
  const repositories = planRepositories(options);
  return {
    seed,
    durationMs,
    calmBeginning: short,
    transfer: createRandom(seed, 'transfer').next() < 1 / 3 ? 'clone' : 'auto',
    repositories,
    changes: planChanges(options, repositories),
    faults: planFaults(options),
  };
}

function planRepositories({ seed, repositories, short = false }: PlanOptions): PlannedRepository[] {
  const random = createRandom(seed, 'repositories');
  const careers = SHARES.flatMap(([career, share]) =>
    Array.from({ length: Math.max(1, Math.floor((share * repositories) / 100)) }, () => career),
  );
  const plain = Array.from({ length: Math.max(0, repositories - 1 - careers.length) }, () => 'plain' as const);
  // The first is starred for ever: proofs need another star to compare with.
  const all: Career[] = ['plain', ...random.shuffled([...careers, ...plain])];
  return all.map((career, index) => ({
    fullName: `${random.pick(['ada', 'grace', 'linus', 'margaret'])}/repo-${String(index).padStart(3, '0')}`,
    career,
    shape: planShape(random, index),
    approved: short || random.next() < 0.5,
  }));
}

function planShape(random: Random, index: number): RepoOptions {
  const seed = String(index);
  const kind = random.int(0, 9);
  if (kind === 0) return { seed, commits: 30, tags: 200 };
  if (kind === 1) return { seed, commits: 5, namedTags: ['v1.2.3+k3s1', 'v1.0'] };
  if (kind === 2) return { seed, commits: 4, treeAndBlobTags: true };
  if (kind === 3) return { seed, commits: 6, merge: true, nestedTag: true };
  if (kind === 4) return { seed, commits: 3, defaultBranch: 'trunk', branches: ['main'] };
  if (kind === 5) return { seed, commits: 2, bigFileMb: 2 };
  return { seed, commits: random.int(1, 8), branches: ['next'], annotatedTags: random.int(0, 3) };
}

function planChanges({ seed, durationMs, short = false }: PlanOptions, repositories: PlannedRepository[]): Change[] {
  const random = createRandom(seed, 'changes');
  const at = (from: number, to: number): number => Math.round((from + random.next() * (to - from)) * durationMs);
  const changes: Change[] = [];
  /** From when on, and until when, a repository may be pushed to. */
  const open = new Map<number, number>();

  for (const [index, { career }] of repositories.entries()) {
    const add = (what: ChangeKind, atMs: number) => void changes.push({ do: what, at: index, atMs });
    const first = at(0.05, career === 'unstarred' || career === 'guarded' ? 0.4 : 0.7);
    const second = first + random.int(1_000, short ? 3_000 : 15_000);
    switch (career) {
      case 'plain':
      case 'squatted':
        open.set(index, 0);
        break;
      case 'late':
        add('star', first);
        open.set(index, first + 1);
        break;
      case 'unstarred':
      case 'guarded':
        add('unstar', first);
        break;
      case 'restarred':
        add('unstar', first);
        add('star', second);
        open.set(index, second + 1);
        break;
      case 'renamed':
        add('rename', first);
        open.set(index, 0);
        break;
      case 'succeeded':
        add('rename', first);
        add('newcomer', second);
        open.set(index, 0);
        break;
      case 'hidden':
        add('hide', first);
        break;
      case 'shown again':
        add('hide', first);
        add('show', second);
        open.set(index, second + 1);
        break;
      case 'deleted':
        add('delete', first);
        break;
      case 'paused':
        add('pause', first);
        add('resume', second);
        open.set(index, 0);
        break;
    }
  }

  const pushes = Math.ceil((durationMs / 1_000) * PUSHES_PER_SECOND);
  const kinds = ['push', 'push', 'push', 'push', 'push', 'rewrite', 'new branch', 'drop branch', 'tag'] as const;
  for (let made = 0; made < pushes; made += 1) {
    const atMs = at(0, 1);
    const fit = [...open].filter(([, from]) => from <= atMs).map(([index]) => index);
    changes.push({ do: random.pick(kinds), at: random.pick(fit), atMs });
  }
  return changes.sort((a, b) => a.atMs - b.atMs);
}

function planFaults({ seed, durationMs, short = false }: PlanOptions): Fault[] {
  const random = createRandom(seed, 'faults');
  const fault = (kind: FaultKind, atMs: number): Fault => ({
    kind,
    atMs: Math.round(atMs),
    lastsMs: random.int(500, short ? 1_500 : 4_000),
    times: random.int(1, 5),
    bytes: random.pick([0, 100, 2_000, 40_000]),
  });

  const kills = evenly(random, durationMs, Math.max(KILLED.length, Math.round(durationMs / KILL_EVERY_MS)));
  const victims = rounds(random, KILLED, kills.length);
  // What the worker was doing is missed after 30 s: where there is little time, that begins at once.
  if (short) victims.sort((a, b) => Number(b === 'worker') - Number(a === 'worker'));
  const possible = short ? TROUBLES.filter((kind) => !SLOW_TO_PASS.includes(kind)) : TROUBLES;
  const troubles = evenly(random, durationMs, Math.max(4, Math.round(durationMs / TROUBLE_EVERY_MS)));
  const kinds = rounds(random, possible, troubles.length);
  return [
    ...kills.map((atMs, index) => fault(`kill ${victims[index] ?? 'worker'}`, atMs)),
    ...troubles.map((atMs, index) => fault(kinds[index] ?? 'onedev slow', atMs)),
  ].sort((a, b) => a.atMs - b.atMs);
}

/** So many moments, one in each of as many equal parts of the time. */
function evenly(random: Random, durationMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index + random.next()) * durationMs) / count);
}

/** Each of them before any comes again. */
function rounds<T>(random: Random, list: readonly T[], count: number): T[] {
  const rows = Array.from({ length: Math.ceil(count / list.length) }, () => random.shuffled(list));
  return rows.flat().slice(0, count);
}
