import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll } from 'vitest';
import { type Activities, createActivities } from '../../src/activities/index.ts';
import { createWorkflowRunsDouble } from '../activities/world.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { createGithub } from '../../src/adapters/github.ts';
import { createHttpCache } from '../../src/adapters/postgres/http-cache.ts';
import { createOnedev } from '../../src/adapters/onedev.ts';
import { createMirrorControl } from '../../src/adapters/temporal.ts';
import type { RepoEvent, RepoEventKind } from '../../src/domain/events.ts';
import { parseFilters } from '../../src/domain/filters.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { markerIn } from '../../src/domain/names.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import { type MirrorState, TASK_QUEUES } from '../../src/workflows/messages.ts';
import { report, type TestStore } from '../adapters/postgres/test-store.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { eventually } from '../support/eventually.ts';
import { type TestTemporal, uniqueName } from '../support/temporal.ts';
import { isSeen, whyNotToDelete } from './deletion-model.ts';

/**
 * What may happen to a star list, one step after the other, against the stand-ins, with the real workflows, activities and record; and what must be
 * so whatever happened. Only git is left out. Time is Temporal's own, which is skipped.
 */

/** Changes of the world. `at` names a repository by its place; a place keeps its name's newest repository. */
export type Change =
  | { do: 'star' | 'unstar' | 'rename' | 'transfer' | 'squat' | 'delete' | 'recreate' | 'push'; at: number }
  | { do: 'hide' | 'show' | 'block' | 'unblock'; at: number };

export type Step =
  | Change
  /** A delivery that arrives late, or says what is not so. */
  | { do: 'webhook'; at: number; kind: RepoEventKind & ('starred' | 'unstarred' | 'changed') }
  /** One that came before comes again. */
  | { do: 'redeliver'; which: number }
  | { do: 'reconcile'; full: boolean }
  | { do: 'pass'; hours: number }
  | { do: 'fault'; fault: (typeof FAULTS)[number] }
  | { do: 'calm' }
  /** The world changes while the star list is read: after so many of its pages were asked for. */
  | { do: 'meanwhile'; change: Change };

export const FAULTS = [
  'github answers 500',
  'github breaks connections',
  'github cuts bodies off',
  'github fails twice',
  'secondary limit',
  'primary limit',
  'token revoked',
  'single sign-on hides an owner',
  'graphql partial with errors',
  'graphql errors only',
  'graphql over limit',
  'graphql total too high',
  'graphql times out',
  'graphql absent',
  'onedev starts',
  'onedev answers 500',
] as const;

const HOUR_MS = 3_600_000;
const GRACE_MS = 24 * HOUR_MS;

/** Real time. */
const LIMIT_MS = 1_500;

/** Places whose repositories come and go. The anchor beside them is starred for ever: another star to compare with. */
const PLACES = ['ada/engine', 'ada/notes', 'grace/compiler', 'linus/kernel'] as const;
export const PLACE_COUNT = PLACES.length;

/** Somebody's own project, at the first-choice path of the second place. */
const FOREIGN = 'github/ada/notes';

/** What the model knows of a repository beside what the stand-in says. */
interface Known {
  repository: StandinRepository;
  /** Temporal's time of each unstar since its project was made. */
  unstarredAt: number[];
  /** Whether it had a project when it went out of sight; `null` while it is in sight. */
  keptAtLoss: boolean | null;
  wasLost: boolean;
}

/** Ids differ between sequences, since workflows of all of them live on one server. */
let lastId = 900_000_000;

export class Sequence {
  /** What must never be, and was. */
  readonly violations: string[] = [];
  deletions = 0;
  /** Those of the worker that runs. */
  activities: Activities;
  readonly github: GithubStandin;
  readonly onedev: OnedevStandin;
  private readonly known: Known[] = [];
  private readonly places: Known[];
  private readonly sent: RepoEvent[] = [];
  private readonly open = new Set<string>();
  private readonly control: MirrorControl;
  private inFlight = 0;
  private names = 0;
  private ended = false;

  static async begin(
    store: TestStore,
    temporal: TestTemporal,
    rules: Partial<ActivityPorts['rules']> = {},
  ): Promise<Sequence> {
    const github = await createGithubStandin();
    const onedev = await createOnedevStandin();
    await onedev.addForeignProject(FOREIGN, { description: 'mine' });
    return new Sequence({ store, temporal, github, onedev, rules });
  }

  private readonly store: TestStore;
  private readonly temporal: TestTemporal;
  private readonly rules: Partial<ActivityPorts['rules']>;

  private constructor(made: {
    store: TestStore;
    temporal: TestTemporal;
    github: GithubStandin;
    onedev: OnedevStandin;
    rules: Partial<ActivityPorts['rules']>;
  }) {
    const { store, temporal, github, onedev, rules } = made;
    this.store = store;
    this.temporal = temporal;
    this.github = github;
    this.onedev = onedev;
    this.rules = rules;
    const { client, environment } = temporal;
    const real = createMirrorControl({ client, connection: environment.connection, close: async () => undefined });
    this.control = {
      ...real,
      repoEvent: async (event, options) => {
        const reached = await real.repoEvent(event, { ...options, deadlineMs: 30_000 });
        this.open.add(reached.workflowId);
        return reached;
      },
    };
    this.activities = this.counted(createActivities(this.ports()));
    github.star(this.add('anchor/canary').repository);
    this.places = PLACES.map((name) => this.add(name));
    onedev.failNext({ match: /^DELETE /, times: Number.POSITIVE_INFINITY, before: () => this.beforeDelete() });
  }

  /** Everything is starred and mirrored. */
  async mirrorAll(): Promise<void> {
    for (const { repository } of this.places) this.github.star(repository);
    await this.run([{ do: 'reconcile', full: true }]);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.step(step);
      await this.settle();
    }
  }

  /** Another worker takes over, whose settings say something else of GitHub. */
  restart(changes: Partial<ActivityPorts['source']>): void {
    const ports = this.ports();
    this.activities = this.counted(createActivities({ ...ports, source: { ...ports.source, ...changes } }));
  }

  /** Everything is well again, and the list is read completely as often as it takes for what is pending to end. */
  async end(): Promise<void> {
    this.ended = true;
    this.calm();
    const { primaryLimitUntil } = this.github.switches;
    await eventually(() => primaryLimitUntil === null || Date.now() > primaryLimitUntil + 1_000);
    for (let round = 0; round < 3; round += 1)
      await this.run([
        { do: 'pass', hours: 48 },
        { do: 'reconcile', full: true },
      ]);
  }

  async close(): Promise<void> {
    for (const workflowId of this.open) {
      try {
        await this.temporal.client.workflow.getHandle(workflowId).terminate('the sequence is over');
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
    await Promise.all([this.github.close(), this.onedev.close()]);
  }

  /** The end state against the model: what is starred and there is mirrored, what is gone is kept, what is unstarred is deleted. */
  async judge(): Promise<string[]> {
    const wrong = [...this.violations];
    for (const known of this.known) wrong.push(...(await this.judgeOne(known)));
    const foreign = this.onedev.project(FOREIGN);
    if (foreign?.description !== 'mine') wrong.push(`${FOREIGN}, which is somebody's, was touched`);
    return wrong;
  }

  // ------------------------------------------------------------------------------------------------------------ the world

  private async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'webhook': {
        const { repository } = this.place(step.at);
        return this.deliver(eventOf(repository, step.kind));
      }
      case 'redeliver': {
        const event = this.sent[step.which % Math.max(1, this.sent.length)];
        return event ? this.deliver(event) : undefined;
      }
      case 'reconcile':
        return this.reconcile(step.full);
      case 'pass':
        return this.pass(step.hours);
      case 'fault':
        return this.fault(step.fault);
      case 'calm':
        return this.calm();
      case 'meanwhile': {
        const now = await this.now();
        return this.github.beforeNext(/^POST .*graphql/, () => {
          // Repositories do not vanish here: a proof is allowed to be milliseconds older than its deletion.
          if (!this.ended && ['star', 'unstar', 'rename', 'transfer', 'squat', 'push'].includes(step.change.do)) {
            this.change(step.change, now);
          }
        });
      }
      default:
        return this.change(step, await this.now());
    }
  }

  private change({ do: what, at }: Change, now: number): void {
    const place = this.place(at);
    const { repository } = place;
    const there = !repository.deleted;
    switch (what) {
      case 'star':
        if (isSeen(repository)) this.github.star(repository);
        break;
      case 'unstar':
        if (this.github.isStarred(repository)) place.unstarredAt.push(now);
        this.github.unstar(repository);
        break;
      case 'rename':
      case 'transfer': {
        const [owner = '', name = ''] = repository.fullName.split('/');
        const fresh = (this.names += 1);
        if (there) {
          const fullName = what === 'rename' ? `${owner}/${name}-${fresh}` : `owner-${fresh}/${name}`;
          this.github.renameRepository(repository, fullName);
        }
        break;
      }
      case 'squat':
      case 'recreate': {
        // A stranger under the name of a repository that moved away, or is no more.
        const name = PLACES[at % PLACES.length] ?? '';
        const free = !this.github.repositories.some((one) => !one.deleted && one.fullName === name);
        if (!free) break;
        const stranger = this.add(name);
        if (what === 'recreate') this.places[at % PLACES.length] = stranger;
        break;
      }
      case 'push':
        repository.pushedAt = new Date(Date.now() + (this.names += 1) * 60_000).toISOString();
        break;
      case 'delete':
        this.lose(place, () => (repository.deleted = true));
        break;
      case 'hide':
        this.lose(place, () => Object.assign(repository, { private: true, accessible: false }));
        break;
      case 'block':
        this.lose(place, () => (repository.blocked = 'dmca'));
        break;
      case 'show':
        Object.assign(repository, { private: false, accessible: true });
        break;
      case 'unblock':
        repository.blocked = null;
        break;
    }
    if (isSeen(repository)) place.keptAtLoss = null;
  }

  private lose(known: Known, happen: () => unknown): void {
    if (isSeen(known.repository)) known.keptAtLoss = this.projectsOf(known.repository).length > 0;
    known.wasLost = true;
    happen();
  }

  private fault(fault: (typeof FAULTS)[number]): void {
    const { switches } = this.github;
    const { graphql } = switches;
    switch (fault) {
      case 'github answers 500':
        switches.serverError = true;
        break;
      case 'github breaks connections':
        switches.resetConnections = true;
        break;
      case 'github cuts bodies off':
        switches.truncateJson = true;
        break;
      case 'github fails twice':
        switches.failNext = 2;
        break;
      case 'secondary limit':
        switches.secondaryLimit = { status: 403, retryAfterSeconds: null };
        break;
      case 'primary limit':
        // Its end is told by GitHub's clock, which nobody skips.
        switches.primaryLimitUntil = Date.now() + LIMIT_MS;
        break;
      case 'token revoked':
        switches.tokenRevoked = true;
        break;
      case 'single sign-on hides an owner':
        switches.ssoHidden = ['ada'];
        break;
      case 'graphql partial with errors':
        graphql.errors = 'partial';
        break;
      case 'graphql errors only':
        graphql.errors = 'none';
        break;
      case 'graphql over limit':
        graphql.overLimit = true;
        break;
      case 'graphql total too high':
        graphql.extraTotal = 1;
        break;
      case 'graphql times out':
        graphql.timeout = 502;
        break;
      case 'graphql absent':
        graphql.absent = true;
        break;
      case 'onedev starts':
        this.onedev.state('starting');
        break;
      case 'onedev answers 500':
        this.onedev.failNext({ match: /^(?!DELETE)/, times: 3, status: 500, body: 'oops' });
        break;
    }
  }

  private calm(): void {
    const graphql = { absent: false, timeout: null, overLimit: false, extraTotal: 0, errors: null, limitUntil: null };
    Object.assign(this.github.switches.graphql, graphql);
    Object.assign(this.github.switches, {
      serverError: false,
      resetConnections: false,
      truncateJson: false,
      failNext: 0,
      secondaryLimit: null,
      tokenRevoked: false,
      ssoHidden: [],
    });
    this.onedev.state('ready');
  }

  private async deliver(event: RepoEvent): Promise<void> {
    this.sent.push(event);
    await this.control.repoEvent(event);
  }

  // ----------------------------------------------------------------------------------------------------------------- time

  private async now(): Promise<number> {
    return this.temporal.environment.currentTimeMs();
  }

  private async sleep(ms: number): Promise<void> {
    await this.temporal.environment.sleep(ms);
  }

  private async pass(hours: number): Promise<void> {
    await this.sleep(hours * HOUR_MS);
  }

  private async reconcile(full: boolean): Promise<void> {
    const { client } = this.temporal;
    const handle = await client.workflow.start('reconcileStars', {
      taskQueue: 'starkeep',
      workflowId: uniqueName('reconcile'),
      args: [{ full }],
    });
    // Not by its result: waiting for that would let time run on after the end.
    for (let ms = 100; (await handle.describe()).status.name === 'RUNNING'; ms = Math.min(ms * 2, 300_000)) {
      await this.sleep(ms);
    }
  }

  /** Until nothing is under way: every mirror's workflow has ended, or waits for a time or for a person. */
  private async settle(): Promise<void> {
    for (let quiet = 0, ms = 100; quiet < 2; ms = Math.min(ms * 2, 60_000)) {
      quiet = this.inFlight === 0 && (await this.allWait()) && this.inFlight === 0 ? quiet + 1 : 0;
      if (quiet === 0) await this.sleep(ms);
    }
  }

  private async allWait(): Promise<boolean> {
    const waiting = await Promise.all([...this.open].map((workflowId) => this.waits(workflowId)));
    return waiting.every(Boolean);
  }

  private async waits(workflowId: string): Promise<boolean> {
    const handle = this.temporal.client.workflow.getHandle(workflowId);
    if ((await handle.describe()).status.name !== 'RUNNING') {
      this.open.delete(workflowId);
      return true;
    }
    const { doing, queued } = await handle.query<MirrorState>('status');
    return queued === 0 && /^(waiting|paused)/.test(doing);
  }

  // ----------------------------------------------------------------------------------------------------------------- truth

  /** The stand-in is asked to delete a project, now: may it be? */
  private async beforeDelete(): Promise<void> {
    const id = /\/projects\/(\d+)/.exec(this.onedev.requests.at(-1)?.path ?? '')?.[1];
    const project = this.onedev.projects().find((one) => String(one.id) === id);
    const known = this.known.find(({ repository }) => markerIn(project?.description) === mirrorIdOf(repository.id));
    const name = known?.repository.fullName ?? project?.path ?? `project ${id}`;
    if (known) this.deletions += 1;
    const [unstarredAt = null] = known?.unstarredAt.splice(0) ?? [];
    const asked = known && {
      repository: known.repository,
      starred: this.github.isStarred(known.repository),
      unstarredAt,
    };
    const reasons = whyNotToDelete(asked ?? null, await this.now(), GRACE_MS);
    this.violations.push(...reasons.map((why) => `${name} was deleted although ${why}`));
  }

  private async judgeOne({ repository, keptAtLoss, wasLost }: Known): Promise<string[]> {
    const mirrorId = mirrorIdOf(repository.id);
    const projects = this.projectsOf(repository);
    const mirror = await this.store.mirrors.get(mirrorId);
    const starred = this.github.isStarred(repository);
    const shown = `${repository.fullName} (${mirrorId}: ${mirror?.status ?? 'no row'}, ${mirror?.statusNote ?? ''})`;
    if (projects.length > 1) return [`${shown} has ${projects.length} projects`];
    if (!isSeen(repository)) {
      if (keptAtLoss === true && projects.length === 0) return [`${shown} is gone upstream and was not kept`];
      // GitHub goes on listing what it blocks, as far as is known, so a sweep does not notice.
      const unnoticed = repository.blocked !== null && mirror?.status !== 'frozen';
      if (starred && projects.length > 0 && mirror?.status !== 'frozen' && !unnoticed)
        return [`${shown} is not frozen`];
      return [];
    }
    if (starred) {
      if (mirror?.status !== 'completed' || projects.length === 0) return [`${shown} is starred and not mirrored`];
      return projects[0] === mirror.project?.path ? [] : [`${shown} is not where the record says`];
    }
    if (projects.length === 0) return [];
    return wasLost || (await this.isLeftToAPerson(mirrorId)) ? [] : [`${shown} is unstarred and was not deleted`];
  }

  /** No proof could be had when it was due: a person decides, or the record says why it was kept. */
  private async isLeftToAPerson(mirrorId: string): Promise<boolean> {
    const rows = await this.store.db.query(
      `select from deletions where mirror_id = $1 and state in ('waiting_for_approval', 'refused')`,
      [mirrorId],
    );
    return rows.length > 0;
  }

  /** The paths of a mirror's projects: one at most. */
  projectsOf(repository: StandinRepository): string[] {
    const mirrorId = mirrorIdOf(repository.id);
    return this.onedev
      .projects()
      .filter(({ description }) => markerIn(description) === mirrorId)
      .map(({ path }) => path);
  }

  // --------------------------------------------------------------------------------------------------------------- making

  private add(fullName: string): Known {
    const repository = this.github.addRepository({ fullName, id: String((lastId += 1)) });
    const known: Known = { repository, unstarredAt: [], keptAtLoss: null, wasLost: false };
    this.known.push(known);
    return known;
  }

  repository(at: number): StandinRepository {
    return this.place(at).repository;
  }

  private place(at: number): Known {
    const place = this.places[at % this.places.length];
    if (!place) throw new Error(`no place ${at}`);
    return place;
  }

  private ports(): ActivityPorts {
    const { github, onedev, store } = this;
    const userAgent = 'starkeep-test';
    const onError = () => undefined;
    return {
      source: createGithub({
        apiUrl: github.apiUrl,
        webUrl: github.url,
        userAgent,
        token: github.token,
        etagCache: createHttpCache(store.db, { onError }),
      }),
      target: createOnedev({ url: onedev.url, token: onedev.token, parent: 'github', userAgent }),
      transfer: { run: async () => report() },
      ...store,
      control: this.control,
      runs: createWorkflowRunsDouble(),
      rules: {
        unstarPolicy: 'delete',
        graceMs: GRACE_MS,
        deleteBudget: { max: 100, windowMs: 24 * HOUR_MS },
        rewritePolicy: 'keep-old',
        filters: parseFilters({}),
        reconcileEveryMs: 15 * 60_000,
        archiveRetentionMs: null,
        historyRetentionMs: null,
        drift: { everyMs: null, policy: 'repair' },
        ...this.rules,
      },
      redact: (text) => text,
      withLogFields: (_, work) => work(),
    };
  }

  private counted(activities: Activities): Activities {
    const counting = Object.entries(activities).map(([name, run]) => {
      const counted = async (...args: never[]): Promise<unknown> => {
        this.inFlight += 1;
        try {
          return await (run as (...args: never[]) => Promise<unknown>)(...args);
        } finally {
          this.inFlight -= 1;
        }
      };
      return [name, counted];
    });
    return Object.fromEntries(counting) as Activities;
  }
}

function eventOf({ id, fullName }: StandinRepository, kind: RepoEventKind): RepoEvent {
  const guid = uniqueName('guid');
  return { kind, repoId: id, fullName, trigger: 'webhook', correlationId: guid, deliveryId: guid };
}

/** Workers that live as long as the file; what they do is the activities' of the sequence that runs. */
export function withWorkers(temporal: TestTemporal, current: () => Sequence | null): void {
  let stop: () => Promise<void> = async () => undefined;

  beforeAll(async () => {
    const activities = throughCurrent(current);
    const workers = await Promise.all(
      Object.values(TASK_QUEUES).map((taskQueue) => temporal.worker({ taskQueue, activities })),
    );
    const running = workers.map((worker) => worker.run());
    stop = async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    };
  });

  afterAll(() => stop());
}

function throughCurrent(current: () => Sequence | null): Activities {
  // Only for their names: nothing is called on these.
  const names = Object.keys(createActivities({ rules: {} } as ActivityPorts));
  const passing = names.map((name) => [
    name,
    (...args: never[]): unknown => {
      const run = current()?.activities[name as keyof Activities] as ((...args: never[]) => unknown) | undefined;
      if (!run) throw new Error(`no sequence runs, and ${name} was called`);
      return run(...args);
    },
  ]);
  return Object.fromEntries(passing) as Activities;
}
