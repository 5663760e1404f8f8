import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach } from 'vitest';
import { type Activities, createActivities } from '../../src/activities/index.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { createGithubDeliveries } from '../../src/adapters/github-deliveries.ts';
import { createGithub, type GithubOptions } from '../../src/adapters/github.ts';
import { createOnedev } from '../../src/adapters/onedev.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { Failure } from '../../src/domain/failures.ts';
import { type MirrorId, mirrorIdOf, type SyncReport } from '../../src/domain/model.ts';
import { parseFilters } from '../../src/domain/filters.ts';
import type {
  MirrorControl,
  SourceDeliveries,
  SourceHost,
  SourceStars,
  TargetHost,
  Transfer,
  WorkflowRuns,
} from '../../src/domain/ports.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { report, type TestStore, withStore } from '../adapters/postgres/test-store.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';

/** The activities over the real adapters, against the stand-ins and a real Postgres. Only Temporal and, where it says nothing, git are doubles. */
export interface World {
  readonly github: GithubStandin;
  readonly onedev: OnedevStandin;
  readonly store: TestStore;
  readonly control: ControlDouble;
  /** Every log line of an activity, as JSON. */
  readonly logged: string[];
  source(options?: Partial<GithubOptions>): SourceHost & SourceStars;
  target(token?: string): TargetHost;
  /** GitHub's log of the deliveries to our App's hook. */
  hookDeliveries(): SourceDeliveries;
  activities(changes?: PortChanges): Activities;
  environment(attempt?: number): MockActivityEnvironment;
  /** Runs an activity in an environment of its own. */
  run<A, R>(activity: (argument: A) => Promise<R>, argument: A): Promise<R>;
  /** Adds a repository at GitHub and stars it. */
  star(fullName: string, options?: Partial<Parameters<GithubStandin['addRepository']>[0]>): StandinRepository;
  /** As {@link star}, with everything that follows: row, project, a first sync. */
  mirror(fullName: string): Promise<StandinRepository>;
  /** Begins anew in the middle of a test, as each test begins. */
  renew(): Promise<void>;
  /** REST requests to GitHub since the last call. */
  githubRequests(): string[];
  /** What was written to OneDev since the last call. */
  onedevWrites(): string[];
}

export type PortChanges = Partial<Omit<ActivityPorts, 'rules'>> & { rules?: Partial<ActivityPorts['rules']> };

/** Temporal, as far as activities know it. */
export interface ControlDouble extends MirrorControl {
  readonly events: RepoEvent[];
  /** Channels whose sender was woken. */
  readonly woken: string[];
  /** Calls from this one on (counted from 1) fail, as they do while Temporal is away. */
  awayFrom: number;
  /** Waited for by every call. */
  delay: () => Promise<void>;
}

export const DAY_MS = 86_400_000;

/** Both are what the stand-in makes of its first person. */
const KEEPER = { externalId: '41000001', login: 'keeper' };

export function withWorld(): World {
  const store = withStore(KEEPER);
  let github: GithubStandin;
  let onedev: OnedevStandin;
  let control: ControlDouble;
  let logged: string[] = [];

  async function begin(): Promise<void> {
    github = await createGithubStandin(KEEPER);
    onedev = await createOnedevStandin();
    control = createControlDouble();
    logged = [];
  }

  const end = () => Promise.all([github.close(), onedev.close()]);

  beforeEach(begin);
  afterEach(end);

  const logger = new DefaultLogger('TRACE', ({ level, message, meta }) => {
    logged.push(JSON.stringify({ level, message, ...meta }));
  });

  const world: World = {
    get github() {
      return github;
    },
    get onedev() {
      return onedev;
    },
    get control() {
      return control;
    },
    get logged() {
      return logged;
    },
    store,
    source: (options = {}) =>
      createGithub({
        apiUrl: github.apiUrl,
        webUrl: github.url,
        userAgent: 'starkeep-test',
        ...('login' in options ? {} : { token: github.token }),
        ...options,
      }),
    target: (token = onedev.token) =>
      createOnedev({ url: onedev.url, token, parent: 'github', userAgent: 'starkeep-test' }),
    hookDeliveries: () =>
      createGithubDeliveries({ apiUrl: github.apiUrl, app: github.app, userAgent: 'starkeep-test', pauseMs: 0 }),
    activities: ({ rules, ...changes } = {}) =>
      createActivities({
        source: world.source(),
        target: world.target(),
        transfer: transferDouble(),
        control,
        accounts: store.accounts,
        mirrors: store.mirrors,
        record: store.record,
        deletions: store.deletions,
        deliveries: store.deliveries,
        readings: store.readings,
        batches: store.batches,
        recoveries: store.recoveries,
        alerts: store.alerts,
        audit: store.audit,
        histories: store.histories,
        runs: createWorkflowRunsDouble(),
        redact: createRedactor([github.token, onedev.token]),
        withLogFields: (_, work) => work(),
        ...changes,
        rules: {
          unstarPolicy: 'delete',
          graceMs: 7 * DAY_MS,
          deleteBudget: { max: 10, windowMs: DAY_MS },
          rewritePolicy: 'keep-old',
          archiveRetentionMs: null,
          historyRetentionMs: null,
          filters: parseFilters({}),
          reconcileEveryMs: 15 * 60_000,
          drift: { everyMs: 7 * DAY_MS, policy: 'repair' },
          ...rules,
        },
      }),
    environment: (attempt = 1) => new MockActivityEnvironment({ attempt }, { logger }),
    run<A, R>(activity: (argument: A) => Promise<R>, argument: A): Promise<R> {
      return world.environment().run<[A], R, (argument: A) => Promise<R>>(activity, argument);
    },
    star(fullName, options = {}) {
      const repository = github.addRepository({ fullName, ...options });
      github.star(repository);
      return repository;
    },
    async mirror(fullName) {
      const repository = world.star(fullName);
      const mirrorId = mirrorIdOf(repository.id);
      const activities = world.activities();
      const ids = { mirrorId, correlationId: 'setup' };
      const claims = { fullName, repoId: repository.id, claims: 'starred', requested: false } as const;
      await world.run(activities.fetchMetadata, { ...ids, ...claims });
      await world.run(activities.ensureProject, ids);
      await world.run(activities.record, syncedEntry(mirrorId, repository));
      world.githubRequests();
      world.onedevWrites();
      return repository;
    },
    async renew() {
      await end();
      await store.begin();
      await begin();
    },
    githubRequests: () => github.log.splice(0).map(({ method, path }) => `${method} ${path.replace('/api/v3', '')}`),
    onedevWrites: () =>
      onedev.requests
        .splice(0)
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`),
  };
  return world;
}

/** A Temporal in which nothing ever ran. */
export function createWorkflowRunsDouble(): WorkflowRuns {
  return {
    closed: () => Promise.resolve({ runs: [], next: null }),
    running: () => Promise.resolve([]),
    history: () => Promise.resolve(null),
  };
}

function syncedEntry(mirrorId: MirrorId, { id: repoId, fullName }: StandinRepository) {
  const ids = { mirrorId, correlationId: 'setup', workflowId: 'w', runId: `setup-${repoId}`, repoId, fullName };
  const attempt = { attempt: 1, trigger: 'webhook', startedAt: new Date().toISOString() } as const;
  return { kind: 'synced' as const, report: report(), ...ids, ...attempt };
}

/** A transfer that ends well and did nothing, unless told otherwise. */
export function transferDouble(run: Transfer['run'] = () => Promise.resolve<SyncReport>(report())): Transfer {
  return { run };
}

function createControlDouble(): ControlDouble {
  const control: ControlDouble = {
    events: [],
    woken: [],
    awayFrom: Number.POSITIVE_INFINITY,
    delay: () => Promise.resolve(),
    async repoEvent(event) {
      control.events.push(event);
      const call = control.events.length;
      await control.delay();
      if (call >= control.awayFrom) throw new Failure('TemporalUnavailable', 'Temporal: no connection');
      return { workflowId: `mirror-github-${event.repoId}` };
    },
    decide: ({ repoId }) => Promise.resolve({ workflowId: `mirror-github-${repoId}` }),
    reconcile: () => Promise.resolve(),
    drainInbox: () => Promise.resolve(),
    startBatch: ({ batchId }) => Promise.resolve({ workflowId: `batch-${batchId}` }),
    cancelBatch: () => Promise.resolve({ found: true }),
    async sendAlerts(channel) {
      control.woken.push(channel);
    },
    ping: () => Promise.resolve(),
  };
  return control;
}

/** What a run of an activity fails with, as Temporal gets it. */
export async function failureOf(run: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await run.then(
    (value) => new Error(`it ended well: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error) || error.name !== 'ApplicationFailure') throw error;
  return error as ApplicationFailure;
}

/** A port in which some methods are others: how an attempt dies between two steps. */
export function withMethods<T extends object>(port: T, methods: Partial<T>): T {
  return { ...port, ...methods };
}

/** What a killed worker leaves behind: this step, and everything after it, never happened. */
export function died(): never {
  throw new Error('the worker was killed');
}
