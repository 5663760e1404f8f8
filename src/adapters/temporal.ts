import {
  ActivityFailure,
  ApplicationFailure,
  Client,
  Connection,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { RepoEvent } from '../domain/events.ts';
import { Failure, isFailureKind } from '../domain/failures.ts';
import type { Mirror, Trigger } from '../domain/model.ts';
import type { PayloadKey } from '../domain/payload-keys.ts';
import type { MirrorControl, MirrorDecision } from '../domain/ports.ts';
import type { ReadingSummary } from '../domain/record.ts';
import type { AskedReading } from '../domain/star-list.ts';
import { dataConverterOf } from './payload-codec.ts';
import { tracingClient } from './temporal-tracing.ts';
import { currentTracer } from './tracing.ts';
import {
  approveDeletion,
  batchWorkflowId,
  cancelDeletion,
  type Decision,
  DRAIN_INBOX_WORKFLOW_ID,
  type MirrorInput,
  mirrorWorkflowId,
  pause,
  RECONCILE_WORKFLOW_ID,
  repoEvent,
  resume,
  SEARCH_ATTRIBUTES,
  sendAlertsWorkflowId,
  syncNow,
  TASK_QUEUES,
  wake,
  WORKFLOW_TYPES,
} from '../workflows/messages.ts';

export interface TemporalSettings {
  /** Temporal's own variables, without empty ones. */
  environment: Record<string, string>;
  address: string;
  namespace: string;
  /** Default: none, and payloads stay readable. */
  payloadKeys?: readonly PayloadKey[];
  /** Of whoever carries out somebody's requests: what is started belongs to their trace. Default: no. */
  traced?: boolean;
}

export interface TemporalConnection {
  client: Client;
  connection: Connection;
  close(): Promise<void>;
}

/** What both the client's and the worker's connection are made from; Temporal's own variables and profiles count. */
export function connectionOptions({ environment, address, namespace }: TemporalSettings) {
  const loaded = loadClientConnectConfig({
    overrideEnvVars: { ...environment, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
  });
  return { ...loaded.connectionOptions, address };
}

/** Connects with the first call, so that a process can boot before Temporal does. */
export function openTemporal(settings: TemporalSettings): TemporalConnection {
  const connection = Connection.lazy({
    ...connectionOptions(settings),
    // The SDK's retrying overruns deadlines and keeps a timer on a closed channel; whoever calls has a retry of its own.
    interceptors: [],
    channelArgs: { 'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_PAUSE_MS },
  });
  const dataConverter = dataConverterOf(settings.payloadKeys ?? []);
  const { namespace, traced = false } = settings;
  // Without a tracer there is nothing to hand on, and nothing in the way.
  const interceptors = traced && currentTracer() !== null ? { workflow: [tracingClient()] } : {};
  const client = new Client({ connection, namespace, dataConverter, interceptors });
  return { client, connection, close: () => connection.close() };
}

/**
 * Where work queues up, a person comes first, then what just happened; thousands of first syncs wait behind both, and a batch behind everything.
 * Activities inherit it.
 * @see https://docs.temporal.io/develop/task-queue-priority-fairness (1 is first, 3 the default, 5 last)
 */
const PRIORITIES = { manual: 1, webhook: 2, retry: 3, reconcile: 4, batch: 5 } as const satisfies Record<
  Trigger,
  number
>;

/**
 * Whose work it is, among work of the same priority: workers take from each in turn, so that one account's five thousand stars, or one organisation's push
 * to a thousand repositories, hold up nobody else's. A server that does not share fairly ignores it (docs/scaling.md).
 * @returns 64 bytes at most
 */
function fairnessKeyOf(accountId: string | undefined, fullName: string): string {
  const [owner = ''] = fullName.split('/');
  return (accountId ?? `owner-${owner.toLowerCase()}`).slice(0, FAIRNESS_KEY_LENGTH);
}

/** Bytes, and ids and logins are ASCII. @see https://docs.temporal.io/develop/task-queue-priority-fairness */
const FAIRNESS_KEY_LENGTH = 64;

/** GitHub gives a delivery 10 s in all; a call without a deadline takes twenty to fail. */
const SIGNAL_DEADLINE_MS = 3_000;

const PING_DEADLINE_MS = 2_000;

/** gRPC's own default is two minutes: too long for an inbox that waits for Temporal to come back. */
const MAX_RECONNECT_PAUSE_MS = 5_000;

type NamedMirror = Pick<Mirror, 'repoId' | 'fullName'>;
type DecisionSignal = SignalDefinition<[Decision]>;

/** `starts`: it makes sense to a mirror at rest too, which has no workflow running. */
const DECISIONS: Record<MirrorDecision, { signal: DecisionSignal; starts: boolean }> = {
  approveDeletion: { signal: approveDeletion, starts: false },
  cancelDeletion: { signal: cancelDeletion, starts: false },
  syncNow: { signal: syncNow, starts: true },
  pause: { signal: pause, starts: true },
  resume: { signal: resume, starts: true },
};

/** @param taskQueue for tests that share one server; the product has one */
export function createMirrorControl(
  { client, connection }: TemporalConnection,
  taskQueue: string = TASK_QUEUES.main,
): MirrorControl {
  /** Starts a workflow of which there is one at a time; when it runs already, that is fine. */
  const startOnce = async (type: string, workflowId: string, args: unknown[] = []) => {
    await reached(() =>
      connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, async () => {
        try {
          await client.workflow.start(type, {
            workflowId,
            taskQueue,
            args,
            workflowIdConflictPolicy: 'USE_EXISTING',
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      }),
    );
  };

  /** Signals the mirror's workflow, and starts it first when none runs. */
  const tell = async <Payload extends RepoEvent | Decision>(
    { repoId, fullName }: NamedMirror,
    message: { signal: SignalDefinition<[Payload]>; payload: Payload },
    options: { trigger: Trigger; deadlineMs?: number | undefined; accountId?: string | undefined },
  ) => {
    const workflowId = mirrorWorkflowId(repoId);
    const input: MirrorInput = { repoId, fullName };
    await reached(() =>
      connection.withDeadline(Date.now() + (options.deadlineMs ?? SIGNAL_DEADLINE_MS), () =>
        client.workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
          workflowId,
          taskQueue,
          args: [input],
          signal: message.signal,
          signalArgs: [message.payload],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          typedSearchAttributes: [
            { key: { name: 'MirrorStatus', type: SEARCH_ATTRIBUTES.MirrorStatus }, value: 'pending' },
            { key: { name: 'RepoFullName', type: SEARCH_ATTRIBUTES.RepoFullName }, value: fullName },
            { key: { name: 'GithubRepoId', type: SEARCH_ATTRIBUTES.GithubRepoId }, value: repoId },
          ],
          priority: {
            priorityKey: PRIORITIES[options.trigger],
            fairnessKey: fairnessKeyOf(options.accountId, fullName),
          },
          // 400 bytes at most; a full name has 140 at most.
          staticSummary: fullName,
        }),
      ),
    );
    return { workflowId };
  };

  /** Signals the mirror's workflow if one runs: a new one would have nothing to decide about. */
  const tellRunning = async ({ repoId, fullName }: NamedMirror, signal: DecisionSignal, decision: Decision) => {
    const workflowId = mirrorWorkflowId(repoId);
    await reached(() =>
      connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, async () => {
        try {
          await client.workflow.getHandle(workflowId).signal(signal, decision);
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          throw new Failure('NothingPending', `Nothing waits for a decision about ${fullName}.`, { cause: error });
        }
      }),
    );
    return { workflowId };
  };

  return {
    repoEvent: (event, { deadlineMs, accountId } = {}) =>
      tell(event, { signal: repoEvent, payload: event }, { trigger: event.trigger, deadlineMs, accountId }),
    async decide(mirror, decision, by) {
      const { signal, starts } = DECISIONS[decision];
      return starts ? tell(mirror, { signal, payload: by }, { trigger: 'manual' }) : tellRunning(mirror, signal, by);
    },
    reconcile: () => startOnce(WORKFLOW_TYPES.reconcile, RECONCILE_WORKFLOW_ID),
    drainInbox: () => startOnce(WORKFLOW_TYPES.drainInbox, DRAIN_INBOX_WORKFLOW_ID),
    async startBatch({ batchId }) {
      const workflowId = batchWorkflowId(batchId);
      await startOnce(WORKFLOW_TYPES.batch, workflowId, [{ batchId }]);
      return { workflowId };
    },
    async cancelBatch(batchId) {
      return reached(() =>
        connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, async () => {
          try {
            const handle = client.workflow.getHandle(batchWorkflowId(batchId));
            // The server takes a cancellation of what has ended without a word.
            const found = (await handle.describe()).status.name === 'RUNNING';
            if (found) await handle.cancel();
            return { found };
          } catch (error) {
            if (!(error instanceof WorkflowNotFoundError)) throw error;
            return { found: false };
          }
        }),
      );
    },
    async sendAlerts(channel) {
      await reached(() =>
        connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, () =>
          client.workflow.signalWithStart(WORKFLOW_TYPES.sendAlerts, {
            workflowId: sendAlertsWorkflowId(channel),
            taskQueue,
            args: [{ channel }],
            signal: wake,
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            staticSummary: channel,
          }),
        ),
      );
    },
    async ping() {
      await reached(() =>
        connection.withDeadline(Date.now() + PING_DEADLINE_MS, () => connection.workflowService.getSystemInfo({})),
      );
    },
  };
}

/** @throws Failure `TemporalUnavailable` within 2 s, also when the namespace is not there */
export async function serverVersion({ client, connection }: TemporalConnection): Promise<string> {
  const { namespace } = client.options;
  return reached(() =>
    connection.withDeadline(Date.now() + PING_DEADLINE_MS, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      return (await connection.workflowService.getSystemInfo({})).serverVersion;
    }),
  );
}

/**
 * How many have asked for work on a queue lately: Temporal forgets one that is gone after some five minutes.
 * @throws Failure `TemporalUnavailable` within 2 s
 */
export async function pollersOf({ client, connection }: TemporalConnection, taskQueue: string): Promise<number> {
  const { namespace } = client.options;
  const ask = (taskQueueType: number) =>
    connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType });
  return reached(() =>
    connection.withDeadline(Date.now() + PING_DEADLINE_MS, async () => (await ask(ACTIVITIES)).pollers.length),
  );
}

/** @see https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/task_queue.proto (TaskQueueType) */
const ACTIVITIES = 2;

/** Beside the scheduled one, so that neither takes the other's place. */
export const MANUAL_RECONCILE_WORKFLOW_ID = `${RECONCILE_WORKFLOW_ID}-manual`;

/**
 * Starts a reading of the star list now, unless one that was started this way is running.
 * @param full everything, however recent the last complete reading is
 * @param taskQueue for tests that share one server; the product has one
 * @throws Failure `TemporalUnavailable` within 3 s
 */
export async function startReading(
  { client, connection }: TemporalConnection,
  { full }: { full: boolean },
  taskQueue: string = TASK_QUEUES.main,
): Promise<{ joined: boolean }> {
  const workflowId = MANUAL_RECONCILE_WORKFLOW_ID;
  const joined = await reached(() =>
    connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, async () => {
      try {
        const priority = { priorityKey: PRIORITIES.manual };
        await client.workflow.start(WORKFLOW_TYPES.reconcile, { workflowId, taskQueue, args: [{ full }], priority });
        return false;
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        return true;
      }
    }),
  );
  return { joined };
}

/** How the reading is that a person asked for last. @returns `null` when none is known @throws Failure `TemporalUnavailable` within 3 s */
export function askedReading({ client, connection }: TemporalConnection): Promise<AskedReading | null> {
  const handle = client.workflow.getHandle(MANUAL_RECONCILE_WORKFLOW_ID);
  return reached(() =>
    connection.withDeadline(Date.now() + SIGNAL_DEADLINE_MS, async () => {
      try {
        const { status } = await handle.describe();
        if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return { state: 'running' };
        return { state: 'completed', summary: (await handle.result()) as ReadingSummary };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        if (error instanceof WorkflowFailedError) return { state: 'failed', failure: readingFailure(error) };
        throw error;
      }
    }),
  );
}

/**
 * Why the last reading of the star list that has ended failed; a reading that fails before it begins leaves nothing in the record.
 * @returns `null` when it did not fail, or there was none
 * @throws Failure `TemporalUnavailable` within 2 s
 */
export async function lastReadingFailure({ client, connection }: TemporalConnection): Promise<Failure | null> {
  return reached(() =>
    connection.withDeadline(Date.now() + PING_DEADLINE_MS, async () => {
      const query = `WorkflowType="${WORKFLOW_TYPES.reconcile}" and ExecutionStatus != "Running"`;
      // Newest first, as Temporal lists them.
      for await (const { status, workflowId, runId } of client.workflow.list({ query, pageSize: 1 })) {
        if (status.name !== 'FAILED') return null;
        try {
          await client.workflow.getHandle(workflowId, runId).result();
          return null;
        } catch (error) {
          if (error instanceof WorkflowFailedError) return readingFailure(error);
          throw error;
        }
      }
      return null;
    }),
  );
}

function readingFailure(error: WorkflowFailedError): Failure {
  const inner = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  const kind = inner instanceof ApplicationFailure && isFailureKind(inner.type) ? inner.type : 'Unexpected';
  return new Failure(kind, `The star list was not read: ${inner?.message ?? error.message}`, { cause: error });
}

/** @throws Failure `TemporalUnavailable` for whatever is no Failure yet */
export async function reached<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('TemporalUnavailable', `Temporal: ${grpcReason(error)}`, { cause: error });
  }
}

function grpcReason(error: unknown): string {
  const inner = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(inner)) return inner.details || inner.message;
  return inner instanceof Error ? inner.message : String(inner);
}
