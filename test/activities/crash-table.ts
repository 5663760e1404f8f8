import { join } from 'node:path';
import type { Activities } from '../../src/activities/index.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import type { AlertPolicy } from '../../src/adapters/postgres/alerts.ts';
import { createRecordStore } from '../../src/adapters/postgres/record.ts';
import { parseFilters } from '../../src/domain/filters.ts';
import type { ClosedRun } from '../../src/domain/histories.ts';
import { mirrorIdOf, type MirrorId, type SyncReport } from '../../src/domain/model.ts';
import type { WorkflowRuns } from '../../src/domain/ports.ts';
import type { RecordEntry } from '../../src/domain/record.ts';
import { createTransfer, type WorkerTransfer } from '../../src/worker/transfers.ts';
import { report } from '../adapters/postgres/test-store.ts';
import type { StandinRepository } from '../standins/github.ts';
import { createRepo, git, readRef, type Repo, setHead, setRefs } from '../support/repo.ts';
import { DAY_MS, type World } from './world.ts';

/**
 * Every activity, what it changes in the world outside, in that order, and where it starts from. `crash-points.test.ts` kills an attempt after each of
 * these effects and holds the next one to the end that an undisturbed run has; and it holds this table to what the activities really do.
 */
export interface CrashRow {
  activity: keyof Activities;
  /** Completes "… of". */
  of: string;
  effects: string[];
  /** @param dir of the test's own @returns the activity's argument */
  arrange(world: World, dir: string): Promise<unknown>;
  rules?: Partial<ActivityPorts['rules']>;
  /** Default: none is set up. What it is told is an effect. */
  channel?: 'webhook';
  /** Default: a Temporal in which nothing ever ran. */
  runs?: WorkflowRuns;
  /** By real git. Default: a transfer that does nothing. */
  streams?: true;
  /** What the workflow does with the answer, when the record hangs on it. */
  then?(world: World, argument: unknown, answer: unknown): Promise<unknown>;
  /** What the next attempt's answer, or the record, says differently after a death, and why nothing hangs on it. */
  harmless?: { why: string; fields: string[] };
}

/** Ties a row's argument to its activity. */
function row<K extends keyof Activities>(
  activity: K,
  of: string,
  effects: string[],
  arrange: (world: World, dir: string) => Promise<Arguments[K]>,
  more: Omit<CrashRow, 'activity' | 'of' | 'effects' | 'arrange'> = {},
): CrashRow {
  return { activity, of, effects, arrange, ...more };
}

/** What each activity is called with. */
type Arguments = { [K in keyof Activities]: Parameters<Activities[K]>[0] };

const ids = ({ id }: StandinRepository): { mirrorId: MirrorId; correlationId: string } => {
  return { mirrorId: mirrorIdOf(id), correlationId: 'c' };
};

const RUN = { workflowId: 'w', runId: 'r' };

// --------------------------------------------------------------------------------------------------------- fetchMetadata

const looked = (repository: StandinRepository) => {
  return { ...ids(repository), repoId: repository.id, fullName: repository.fullName, requested: false } as const;
};

const METADATA: CrashRow[] = [
  row('fetchMetadata', 'a new star', ['record: accounts', 'record: mirrors', 'record: mirrors'], async (world) => {
    return { ...looked(world.star('ada/engine')), claims: 'starred' };
  }),
  row('fetchMetadata', 'a star just seen in the list', ['record: accounts', 'record: mirrors'], async (world) => {
    const repository = await world.mirror('ada/engine');
    return { ...looked(repository), claims: 'starred', observedAt: new Date(Date.now() - 60_000).toISOString() };
  }),
  row('fetchMetadata', 'one that is starred no more', ['record: accounts', 'record: mirrors'], async (world) => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);
    return { ...looked(repository), claims: 'unstarred' };
  }),
  row(
    'fetchMetadata',
    'one that a filter leaves out since the list was read',
    ['record: accounts', 'record: mirrors'],
    async (world) => {
      const repository = await world.mirror('ada/engine');
      const observedAt = new Date().toISOString();
      await world.store.db.query(`update mirrors set upstream_read_at = now() - interval '1 hour'`);
      return { ...looked(repository), claims: 'starred', observedAt };
    },
    { rules: { filters: parseFilters({ LANGUAGES: 'Rust' }) } },
  ),
];

// --------------------------------------------------------------------------------------------------------- ensureProject

const MADE_OR_FOUND =
  'only whoever makes it can say that it was made; whoever comes next finds it by its marker, and says that';

const PROJECT: CrashRow[] = [
  row(
    'ensureProject',
    'a mirror without one',
    ['OneDev: POST /projects', 'OneDev: POST /projects', 'OneDev: POST /projects', 'record: mirrors'],
    async (world) => {
      const repository = world.star('ada/engine');
      await world.run(world.activities().fetchMetadata, { ...looked(repository), claims: 'starred' });
      return ids(repository);
    },
    { harmless: { why: MADE_OR_FOUND, fields: ['answer.created', 'outside.record.audit_events'] } },
  ),
  row(
    'ensureProject',
    'a mirror that another owner has now',
    ['OneDev: POST /projects', 'OneDev: POST /projects/{id}', 'record: mirrors'],
    async (world) => {
      const repository = await world.mirror('ada/engine');
      world.github.renameRepository(repository, 'grace/compiler');
      await world.run(world.activities().fetchMetadata, { ...looked(repository), claims: 'nothing' });
      return ids(repository);
    },
  ),
  row(
    'ensureProject',
    'a mirror whose project somebody deleted',
    ['OneDev: POST /projects', 'record: mirrors'],
    async (world) => {
      const repository = await world.mirror('ada/engine');
      await world.onedev.remove('github/ada/engine');
      return ids(repository);
    },
    {
      harmless: {
        why: `${MADE_OR_FOUND}; that everything is compared, which follows from it, is in the record`,
        fields: ['answer.created', 'answer.remade', 'outside.record.audit_events'],
      },
    },
  ),
];

// -------------------------------------------------------------------------------------------------------------- transfer

/** The same object ids each time, so that two worlds can be compared. */
async function upstream(world: World, dir: string): Promise<{ repository: StandinRepository; repo: Repo }> {
  const repo = await createRepo(join(dir, 'source.git'), {
    branches: ['dev', 'gone', 'topic'],
    tags: 2,
    annotatedTags: 1,
    namedTags: ['v1+k3s1'],
  });
  // A name that is no UTF-8 cannot be passed on, which has to be said whichever attempt looks last.
  const latin1 = Buffer.from(`create refs/heads/caf\xe9 ${await readRef(repo, 'refs/heads/main')}\n`, 'latin1');
  await git(repo, ['update-ref', '--stdin'], latin1);
  const repository = await world.mirror('ada/engine');
  repository.gitDir = repo.dir;
  return { repository, repo };
}

/** Upstream rewrites its default branch and a tag, removes a branch, adds one, and makes another the default. */
async function changeUpstream(repo: Repo): Promise<void> {
  const [main = '', topic = ''] = await Promise.all(
    ['main', 'topic'].map((name) => readRef(repo, `refs/heads/${name}`)),
  );
  await setRefs(repo, [
    { name: 'refs/heads/main', oid: await git(repo, ['rev-parse', `${main}^`]) },
    { name: 'refs/heads/dev', oid: topic },
    { name: 'refs/heads/gone', oid: null },
    { name: 'refs/heads/new', oid: topic },
    { name: 'refs/tags/t-0001', oid: topic },
  ]);
  await setHead(repo, 'dev');
}

const first = async (world: World, dir: string) => {
  const { repository } = await upstream(world, dir);
  return { ...ids(repository), force: false };
};

const REPEATED = {
  why: 'what the attempt that died pushed is on OneDev, and counted by nobody; that both sides were compared is said all the same',
  fields: [
    ...['refs', 'bytes', 'objects', 'phases', 'outcome'].map((field) => `answer.${field}`),
    'outside.record.syncs',
    'outside.record.audit_events',
  ],
};

async function recordSync(world: World, argument: unknown, answer: unknown): Promise<void> {
  const { mirrorId, correlationId } = argument as { mirrorId: MirrorId; correlationId: string };
  const attempt = { attempt: 1, trigger: 'webhook', startedAt: new Date().toISOString() } as const;
  const about = {
    mirrorId,
    correlationId,
    ...RUN,
    ...attempt,
    repoId: mirrorId.slice('github-'.length),
    fullName: 'ada/engine',
  };
  await world.run(world.activities().record, { kind: 'synced', report: answer as SyncReport, ...about });
}

/** As {@link first}, mirrored once by a stream, and rewritten upstream since. */
const later = async (world: World, dir: string) => {
  const { repository, repo } = await upstream(world, dir);
  const transfer = streamTransfer(dir);
  await world.run(world.activities({ transfer }).transfer, { ...ids(repository), force: false });
  transfer.close();
  await changeUpstream(repo);
  return { ...ids(repository), force: false };
};

/** What is on the worker's own disk, clones and the memory of LFS objects, dies with it: `killed-worker.test.ts`. */
export function streamTransfer(dir: string): WorkerTransfer {
  const config = {
    dataDir: dir,
    transfer: 'stream',
    stageAboveBytes: null,
    lfs: { mode: 'off', maxBytes: 0 },
  } as const;
  return createTransfer(config, { redact: (text) => text, log: () => undefined });
}

/** The tag with a `+` is declined. */
const NEW_REFS = [
  'OneDev: push refs/heads/main',
  'OneDev: push refs/heads/dev, refs/heads/gone, refs/heads/topic, refs/tags/t-0001, refs/tags/t-0002, refs/tags/v0.1.0',
];

const REWRITTEN = [
  'OneDev: push refs/starkeep/<time>/dev, refs/starkeep/<time>/gone, refs/starkeep/<time>/main, refs/starkeep/<time>/tags/t-0001',
  'OneDev: push refs/heads/dev',
  'OneDev: POST /repositories/{id}/default-branch',
  'OneDev: push refs/heads/main, refs/heads/new, refs/tags/t-0001',
  'OneDev: push refs/heads/gone gone',
];

const TRANSFER: CrashRow[] = [
  row('transfer', 'a new mirror', NEW_REFS, first, { streams: true, then: recordSync, harmless: REPEATED }),
  row('transfer', 'a rewritten upstream', REWRITTEN, later, { streams: true, then: recordSync, harmless: REPEATED }),
];

const COMPARISON = row('compareSides', 'a mirror', [], async (world) => ids(await world.mirror('ada/engine')));

// -------------------------------------------------------------------------------------------------------------- deletion

async function toDelete(world: World, policy: 'delete' | 'archive') {
  const repository = await world.mirror('ada/engine');
  await world.mirror('ada/canary');
  world.github.unstar(repository);
  const { deletion } = await world.store.record.write(null, {
    ...ids(repository),
    ...RUN,
    kind: 'deletion_requested',
    policy,
    proof: 'seen once',
    dueAt: new Date().toISOString(),
  });
  return { ...ids(repository), deletionId: deletion?.deletionId ?? '', approvedBy: null };
}

const DELETION: CrashRow[] = [
  row('verifyUnstar', 'a mirror', ['record: accounts'], async (world) => {
    const repository = await world.mirror('ada/engine');
    await world.mirror('ada/canary');
    world.github.unstar(repository);
    return ids(repository);
  }),
  row(
    'deleteProject',
    'a mirror, the last that the budget allows',
    [
      'record: accounts',
      'record: deletion_budgets',
      'record: deletion_budgets',
      'OneDev: DELETE /projects/{id}',
      'record: deletions, mirrors',
    ],
    (world) => toDelete(world, 'delete'),
    { rules: { deleteBudget: { max: 1, windowMs: DAY_MS } } },
  ),
  row(
    'deleteProject',
    'a mirror that is archived',
    ['record: accounts', 'OneDev: POST /projects/{id}', 'record: deletions, mirrors'],
    (world) => toDelete(world, 'archive'),
  ),
];

// ---------------------------------------------------------------------------------------------------------------- record

/** A mirror with an open deletion and a batch that waits for it. */
async function inBatch(world: World) {
  const repository = await world.mirror('ada/engine');
  const { batchId } = await batchOver(world, [repository]);
  await world.run(world.activities().planBatch, { batchId });
  await world.run(world.activities().advanceBatch, { batchId, window: 5 });
  const { repoId, fullName } = { repoId: repository.id, fullName: repository.fullName };
  const attempt = { attempt: 2, trigger: 'batch', startedAt: new Date().toISOString() } as const;
  return { entry: { ...ids(repository), ...RUN, batches: [batchId] }, about: { repoId, fullName, ...attempt } };
}

const FAILURE = { kind: 'TransferFailed', message: 'git ended' };

async function openDeletion(world: World, entry: { mirrorId: MirrorId; correlationId: string }): Promise<string> {
  const due = { dueAt: null, proof: 'none', policy: 'delete', kind: 'deletion_requested' } as const;
  const { deletion } = await world.store.record.write(null, { ...entry, ...RUN, ...due });
  return deletion?.deletionId ?? '';
}

/** The alerts are judged in the same transaction; if something is news, that it was told is a second effect. */
const recorded = (
  of: string,
  tables: string,
  isNews: boolean,
  entryOf: (world: World) => Promise<RecordEntry>,
): CrashRow => row('record', of, [`record: ${tables}`, ...(isNews ? ['record: alerts'] : [])], entryOf);

const RECORD: CrashRow[] = [
  recorded('a sync', 'syncs, deletions, mirrors, batch_items, alerts, alert_messages', false, async (world) => {
    const { entry, about } = await inBatch(world);
    const drift = { refs: 2, names: [] };
    return { ...entry, ...about, kind: 'synced', report: report({ sourceDigest: 'digest-2', compared: true, drift }) };
  }),
  recorded('a failure', 'mirrors, syncs, deletions, batch_items', false, async (world) => {
    const { entry, about } = await inBatch(world);
    const nextAttemptAt = new Date(Date.now() + 60_000).toISOString();
    return { ...entry, ...about, kind: 'failed', failure: FAILURE, retryCount: 1, nextAttemptAt };
  }),
  recorded('a status', 'deletions, mirrors, batch_items, alerts, alert_messages', true, async (world) => {
    const { entry } = await inBatch(world);
    await openDeletion(world, entry);
    return { ...entry, kind: 'status', status: 'paused', note: 'Paused.', paused: true };
  }),
  recorded('a deletion that is requested', 'deletions, mirrors, batch_items', false, async (world) => {
    const { entry } = await inBatch(world);
    const dueAt = new Date(Date.now() + DAY_MS).toISOString();
    return { ...entry, kind: 'deletion_requested', policy: 'delete', proof: 'seen once', dueAt };
  }),
  recorded('a deletion that waits for a person', 'deletions, mirrors, alerts', true, async (world) => {
    const { entry } = await inBatch(world);
    return { ...entry, kind: 'deletion_waiting', deletionId: await openDeletion(world, entry), reason: 'over budget' };
  }),
  recorded('a deletion that is called off', 'deletions, mirrors, alerts, alert_messages', true, async (world) => {
    const { entry } = await inBatch(world);
    const deletionId = await openDeletion(world, entry);
    return { ...entry, kind: 'deletion_ended', deletionId, state: 'cancelled', by: 'ann', reason: null, keep: true };
  }),
];

// -------------------------------------------------------------------------------------------------------------- readings

const reading = { correlationId: 'reading', full: true };

/** Two mirrors, and a reading that has begun. */
async function readingOfTwo(world: World) {
  const repositories = [await world.mirror('ada/engine'), await world.mirror('ada/canary')];
  const { readingId } = await world.run(world.activities().beginReading, reading);
  return { repositories, readingId };
}

const READINGS: CrashRow[] = [
  row('beginReading', 'the star list', ['record: accounts', 'record: star_readings'], () => Promise.resolve(reading)),
  row(
    'readStars',
    'a page with two new stars',
    ['record: accounts', 'record: mirrors', 'Temporal: repoEvent', 'Temporal: repoEvent'],
    async (world) => {
      const { readingId } = await readingOfTwo(world);
      world.star('ada/one');
      world.star('ada/two');
      return { correlationId: 'reading', readingId, list: 'newest', pushedUntil: null, cursor: null };
    },
  ),
  row(
    'readStars',
    'a page of everything',
    ['record: accounts', 'record: mirrors', 'Temporal: repoEvent'],
    async (world) => {
      const { readingId } = await readingOfTwo(world);
      world.star('ada/one');
      return { correlationId: 'reading', readingId, list: 'sweep', pushedUntil: null, cursor: null };
    },
  ),
  row(
    'endReading',
    'a complete reading that lacks one',
    ['record: mirrors', 'Temporal: repoEvent', 'record: star_readings'],
    async (world) => {
      const { repositories, readingId } = await readingOfTwo(world);
      world.github.unstar(repositories[0] as StandinRepository);
      const request = { correlationId: 'reading', readingId, list: 'sweep', pushedUntil: null, cursor: null } as const;
      const { seen, total, signalled } = await world.run(world.activities().readStars, request);
      return {
        correlationId: 'reading',
        readingId,
        kind: 'sweep',
        tally: { pages: 1, seen, total, flaws: [] },
        signalled,
      };
    },
  ),
];

// --------------------------------------------------------------------------------------------------------------- batches

async function batchOver(world: World, repositories: StandinRepository[]): Promise<{ batchId: string }> {
  const { store } = world;
  const mirrorIds = repositories.map(({ id }) => mirrorIdOf(id));
  const request = { selection: { kind: 'mirrors' as const, mirrorIds }, by: 'ann', correlationId: 'batch' };
  const { batch } = await store.batches.create(store.account.accountId, request);
  return { batchId: batch.batchId };
}

const two = async (world: World) => [await world.mirror('ada/engine'), await world.mirror('ada/canary')];

async function plannedBatch(world: World): Promise<{ batchId: string }> {
  const batch = await batchOver(world, await two(world));
  await world.run(world.activities().planBatch, batch);
  return batch;
}

const BATCHES: CrashRow[] = [
  row('planBatch', 'two mirrors', ['record: batch_items, batches'], async (world) =>
    batchOver(world, await two(world)),
  ),
  row(
    'advanceBatch',
    'two mirrors',
    ['record: batch_items', 'Temporal: repoEvent', 'Temporal: repoEvent', 'record: batch_items', 'record: batch_items'],
    async (world) => ({ ...(await plannedBatch(world)), window: 5 }),
  ),
  row('endBatch', 'one that is cancelled', ['record: batches, batch_items'], async (world) => {
    return { ...(await plannedBatch(world)), state: 'cancelled' };
  }),
  row(
    'beginDriftCheck',
    'two mirrors that were never compared',
    ['record: accounts', 'record: batches', 'Temporal: startBatch'],
    async (world) => {
      await two(world);
      await world.store.db.query(`update mirrors set status = 'completed', last_compared_at = null`);
      return { correlationId: 'drift' };
    },
    { harmless: { why: 'whether it was opened or joined is a word in the log', fields: ['answer.joined'] } },
  ),
];

// -------------------------------------------------------------------------------------------------------------- recovery

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9/webhooks/github';

async function missedOne(world: World) {
  const repository = await world.mirror('ada/engine');
  const payload = world.github.payloads.push(repository, { after: 'a'.repeat(40) });
  world.github.missDelivery(NOWHERE, 'push', payload, { secret: 'secret', guid: 'g-1' });
  const plan = await world.run(world.activities({ hookDeliveries: world.hookDeliveries() }).beginRecovery, {
    correlationId: 'recovery',
  });
  return { ...plan, correlationId: 'recovery' };
}

async function knownMissing(world: World) {
  const plan = await missedOne(world);
  await world.run(world.activities({ hookDeliveries: world.hookDeliveries() }).readDeliveries, {
    ...plan,
    cursor: null,
  });
  return plan;
}

const RECOVERY: CrashRow[] = [
  row('beginRecovery', 'missed deliveries', ['record: recovery_runs'], () =>
    Promise.resolve({ correlationId: 'recovery' }),
  ),
  row(
    'readDeliveries',
    'a page with one that was missed',
    ['record: recoveries'],
    async (world) => ({ ...(await missedOne(world)), cursor: null }),
    { harmless: { why: 'how many were new is a count in the log and the run', fields: ['answer.missed'] } },
  ),
  row(
    'requestRedeliveries',
    'one that was missed',
    ['GitHub: redeliver', 'record: recoveries, recovery_runs'],
    knownMissing,
    {
      harmless: {
        why: 'asked again at once it is not due any more, which ends the asking one step sooner',
        fields: ['answer.requested'],
      },
    },
  ),
  row('endRecovery', 'a run', ['record: recovery_runs'], async (world) => {
    const { runId, correlationId } = await knownMissing(world);
    return { runId, correlationId, pages: 1, seen: 1, missed: 1 };
  }),
];

// ----------------------------------------------------------------------------------------------------------------- inbox

async function waitingDelivery({ store }: World, guid: string): Promise<void> {
  const about = { repoId: '7', fullName: 'ada/engine', correlationId: guid };
  await store.deliveries.take({
    ...about,
    guid,
    hookId: null,
    bodySha256: guid,
    event: 'push',
    action: null,
    repoEvent: { ...about, kind: 'changed', trigger: 'webhook', deliveryId: guid },
    ignoredReason: null,
  });
}

const INBOX: CrashRow[] = [
  row(
    'dispatchDeliveries',
    'two that waited',
    ['Temporal: repoEvent', 'record: deliveries', 'Temporal: repoEvent', 'record: deliveries'],
    async (world) => {
      for (const guid of ['g-1', 'g-2']) await waitingDelivery(world, guid);
      await world.store.db.query(`update deliveries set received_at = received_at - interval '1 minute'`);
      return undefined;
    },
    { harmless: { why: 'what the attempt that died dispatched waits no more', fields: ['answer.taken'] } },
  ),
];

// ---------------------------------------------------------------------------------------------------------------- alerts

const TOLD: AlertPolicy = { channels: ['webhook'], atLeast: 'info' };

/** Two repositories that were given up, so that there are two messages. */
async function givenUp(world: World): Promise<void> {
  const record = createRecordStore(world.store.db, TOLD);
  for (const fullName of ['ada/engine', 'ada/canary']) {
    const repository = await world.mirror(fullName);
    const attempt = { attempt: 1, trigger: 'webhook', startedAt: new Date().toISOString() } as const;
    const about = { ...ids(repository), ...RUN, runId: `r-${repository.id}`, repoId: repository.id, fullName };
    const failure = { ...FAILURE, kind: 'TargetPathTaken' };
    await record.write(null, { kind: 'failed', failure, retryCount: 1, nextAttemptAt: null, ...about, ...attempt });
  }
}

const ALERTS: CrashRow[] = [
  row(
    'deliverAlerts',
    'two to a channel that takes one at a time',
    ['webhook: raised', 'record: alert_messages', 'webhook: raised', 'record: alert_messages'],
    async (world) => {
      await givenUp(world);
      return { channel: 'webhook' };
    },
    { channel: 'webhook', harmless: { why: 'how many were sent is a count in the log', fields: ['answer.sent'] } },
  ),
  row(
    'checkAlerts',
    'a backlog, and two that nobody was woken for',
    [
      'record: alerts, alert_messages',
      'record: accounts',
      'record: alert_checks',
      'record: alerts',
      'Temporal: sendAlerts',
      'Temporal: sendAlerts',
    ],
    async (world) => {
      await givenUp(world);
      await waitingDelivery(world, 'g-1');
      await world.store.db.query(`update deliveries set received_at = received_at - interval '1 hour'`);
      return undefined as never;
    },
    { channel: 'webhook' },
  ),
];

// ------------------------------------------------------------------------------------------------------------- histories

/** Two runs that ended within what is kept. */
const ENDED: WorkflowRuns = {
  running: () => Promise.resolve([]),
  closed: () => Promise.resolve({ runs: ['r-1', 'r-2'].map(closedRun), next: null }),
  history: ({ runId }) => Promise.resolve(JSON.stringify({ events: [runId] })),
};

function closedRun(runId: string): ClosedRun {
  const times = { startedAt: '2026-01-02T03:04:05.000Z', closedAt: '2026-01-02T03:04:06.000Z' };
  return {
    workflowId: 'w',
    runId,
    workflowType: 'mirrorRepository',
    status: 'COMPLETED',
    ...times,
    events: 5,
    bytes: 90,
  };
}

const PLAN = { correlationId: 'archiving', plan: { from: null, to: '2026-02-03T04:05:06.000Z' } };

const HISTORIES: CrashRow[] = [
  row('beginArchiving', 'what ended since the last time', [], async (world) => {
    await world.store.histories.noteArchivedUntil(PLAN.plan.to);
    return { correlationId: PLAN.correlationId };
  }),
  row(
    'archivePage',
    'a page with two that ended',
    ['record: workflow_histories', 'record: workflow_histories'],
    () => Promise.resolve({ ...PLAN, cursor: null }),
    {
      runs: ENDED,
      harmless: { why: 'how many were kept is a count in the log and the run', fields: ['answer.archived'] },
    },
  ),
  row(
    'endArchiving',
    'a run, when one is older than what is kept',
    ['record: history_progress', 'record: workflow_histories'],
    async ({ store }) => {
      await store.histories.save(closedRun('r-1'), { json: '{}' });
      return { ...PLAN, pages: 1, seen: 1, archived: 1, omitted: 0, gone: 0 };
    },
    {
      rules: { historyRetentionMs: DAY_MS },
      harmless: { why: 'how many were removed is a count in the log and the run', fields: ['answer.removed'] },
    },
  ),
];

export const CRASH_TABLE: CrashRow[] = [
  ...METADATA,
  ...PROJECT,
  ...TRANSFER,
  COMPARISON,
  ...DELETION,
  ...RECORD,
  ...READINGS,
  ...BATCHES,
  ...RECOVERY,
  ...INBOX,
  ...ALERTS,
  ...HISTORIES,
];
