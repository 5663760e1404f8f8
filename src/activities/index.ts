import { activityInfo, log } from '@temporalio/activity';
import { createAlertActivities } from './alerts.ts';
import { createBatchActivities } from './batches.ts';
import { createDeletionActivities } from './deletion.ts';
import { createDriftActivities } from './drift.ts';
import { toFailureKind } from '../domain/failures.ts';
import { toApplicationFailure } from './failure.ts';
import { createHistoryActivities } from './histories.ts';
import { untilShutdown, whileAlive } from './heartbeat.ts';
import { createInboxActivities } from './inbox.ts';
import { createMetadataActivities } from './metadata.ts';
import type { ActivityPorts } from './ports.ts';
import { createProjectActivities } from './project.ts';
import { createRecordActivities } from './record.ts';
import { createReadingActivities } from './readings.ts';
import { createRecoveryActivities } from './recovery.ts';
import { createTransferActivities } from './transfer.ts';

/** What workflows call, by name. */
export type Activities = ReturnType<typeof createActivities>;

/** All activities, over the ports they are handed. Every error leaves as an ApplicationFailure with a kind, and redacted. */
export function createActivities(ports: ActivityPorts) {
  const activities = {
    ...createMetadataActivities(ports),
    ...createProjectActivities(ports),
    ...createTransferActivities(ports),
    ...createRecordActivities(ports),
    ...createDeletionActivities(ports),
    ...createReadingActivities(ports),
    ...createInboxActivities(ports),
    ...createBatchActivities(ports),
    ...createDriftActivities(ports),
    ...createRecoveryActivities(ports),
    ...createAlertActivities(ports),
    ...createHistoryActivities(ports),
  };
  for (const name of Object.keys(activities) as (keyof typeof activities)[]) guard(activities, name, ports);
  return activities;
}

/** Those that Temporal gives up after a silence (`workflows/policy.ts`) and that say nothing by themselves. */
const SILENT: ReadonlySet<string> = new Set<keyof Activities>([
  'fetchMetadata',
  'verifyUnstar',
  'ensureProject',
  'deleteProject',
  'checkAlerts',
]);

/** Those that mostly wait for GitHub's answers, and change nothing that is not changed again by whoever repeats them. */
const ASKING: ReadonlySet<string> = new Set<keyof Activities>([
  'fetchMetadata',
  'verifyUnstar',
  'beginReading',
  'readStars',
  'beginRecovery',
  'readDeliveries',
]);

type AnyActivity = (...args: never[]) => Promise<unknown>;

function guard<T extends Record<string, AnyActivity>>(
  activities: T,
  name: keyof T & string,
  ports: ActivityPorts,
): void {
  const run = activities[name] as AnyActivity;
  const beating = (...args: never[]) => (SILENT.has(name) ? whileAlive(() => run(...args)) : run(...args));
  const leavable = (...args: never[]) => (ASKING.has(name) ? untilShutdown(() => beating(...args)) : beating(...args));
  const guarded = async (...args: never[]): Promise<unknown> => {
    try {
      return await ports.withLogFields(correlationIn(args[0]), () => leavable(...args));
    } catch (error) {
      const failure = toApplicationFailure(error, ports.redact);
      const fields = { ...correlationIn(args[0]), kind: 'type' in failure ? failure.type : failure.name };
      if ('type' in failure) ports.meter?.activityFailed(name, toFailureKind(failure.type));
      log.warn('activity failed', { ...fields, activity: name, reason: failure.message });
      throw failure;
    }
  };
  Object.assign(activities, { [name]: guarded });
}

/** The fields every log line of an activity carries. */
function correlationIn(argument: unknown): Record<string, unknown> {
  const { workflowExecution, attempt } = activityInfo();
  const whose = { workflowId: workflowExecution?.workflowId, runId: workflowExecution?.runId, attempt };
  if (typeof argument !== 'object' || argument === null) return whose;
  const { mirrorId, correlationId } = argument as Record<string, unknown>;
  return { mirrorId, correlationId, ...whose };
}
