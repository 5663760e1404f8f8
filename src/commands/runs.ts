import { createHistoryStore } from '../adapters/postgres/histories.ts';
import { createWorkflowRuns } from '../adapters/temporal-histories.ts';
import { ConfigError, type Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import type { ArchivedRun, RunningRun } from '../domain/histories.ts';
import type { WorkflowRuns } from '../domain/ports.ts';
import { mirrorWorkflowId } from '../workflows/messages.ts';
import { withApi } from './access.ts';
import { oneMirror } from './choose.ts';
import { withDatabase, withTemporal } from './installation.ts';
import { Refusal } from './refusal.ts';
import { tableOf as fitted } from './table.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep audit history`: the runs of a mirror's workflow, also those that Temporal has removed. */

const SHOWN = 50;

/** Those under way first, then those that ended, the last first. @throws Refusal when the mirror is not known */
export async function listRuns(config: Config, name: string, options: { json?: boolean }, out: Output): Promise<void> {
  const { fullName, mirrorId } = await withApi(config, (api) => oneMirror(api, name));
  await withDatabase(config, async (db) => {
    const workflowId = workflowIdOf(mirrorId);
    const ended = await createHistoryStore(db).list(workflowId, SHOWN);
    const running = await ofTemporal(config, (runs) => runs.running(workflowId));
    if (options.json) return out.print(JSON.stringify({ workflowId, running: running ?? [], ended }, null, 2));
    if (running === null) out.print('Temporal cannot be asked, so runs still under way are not named.');
    if (ended.length === 0 && (running ?? []).length === 0) {
      return out.print(
        `${fullName}: no run of ${workflowId} is under way, and no history is kept yet; that is done once an hour.`,
      );
    }
    out.print(`${fullName}: ${counted(running?.length ?? 0, 'run')} under way, ${ended.length} kept.`);
    out.print(tableOf(running ?? [], ended, out));
    out.print(`As Temporal has it, for a replay: ${typed(`audit history ${fullName} --run ID --json`)}`);
  });
}

/**
 * The history of one run, from the record or else from Temporal.
 * @throws Refusal when neither has it
 */
export async function showRun(
  config: Config,
  name: string,
  runId: string,
  options: { json?: boolean },
  out: Output,
): Promise<void> {
  const { fullName, mirrorId } = await withApi(config, (api) => oneMirror(api, name));
  const workflowId = workflowIdOf(mirrorId);
  const kept = await withDatabase(config, (db) => createHistoryStore(db).read(runId));
  if (kept && kept.run.workflowId !== workflowId) {
    throw new Refusal(`Run ${runId} is one of ${kept.run.workflowId}, not of ${fullName}.`);
  }
  if (kept?.run.omitted) throw new Refusal(`Run ${runId} of ${fullName} is on record without it: ${kept.run.omitted}.`);
  const json = kept?.json ?? (await ofTemporal(config, (runs) => runs.history({ workflowId, runId })));
  if (json === null) {
    throw new Refusal(
      `There is no run ${runId} of ${fullName}, neither in the record nor in Temporal. ${typed(`audit history ${fullName}`)} names those there are.`,
    );
  }
  if (options.json) return out.print(json);
  const { events = [] } = JSON.parse(json) as { events?: ShownEvent[] };
  out.print(`${fullName}, run ${runId} of ${workflowId}: ${counted(events.length, 'event')}`);
  for (const event of events) out.print(lineOf(event));
}

/**
 * The history of the run that ended last, or, when none is kept, of the one under way, as `temporal workflow show --output json` prints it.
 * @throws Refusal when there is neither
 */
export async function showLastRun(config: Config, name: string, out: Output): Promise<void> {
  const { fullName, mirrorId } = await withApi(config, (api) => oneMirror(api, name));
  const workflowId = workflowIdOf(mirrorId);
  const ended = await withDatabase(config, (db) => createHistoryStore(db).list(workflowId, SHOWN));
  const kept = ended.find(({ omitted }) => omitted === null);
  const last = kept ?? (await ofTemporal(config, (runs) => runs.running(workflowId)))?.[0];
  if (last) return showRun(config, name, last.runId, { json: true }, out);
  throw new Refusal(
    `${fullName}: no run of ${workflowId} is under way, and no history is kept yet; that is done once an hour.`,
  );
}

interface ShownEvent {
  eventId?: string;
  eventTime?: string;
  eventType?: string;
  activityTaskScheduledEventAttributes?: { activityType?: { name?: string } };
  workflowExecutionSignaledEventAttributes?: { signalName?: string };
}

function lineOf(event: ShownEvent): string {
  const { eventId = '', eventTime = '', eventType = '' } = event;
  const what =
    event.activityTaskScheduledEventAttributes?.activityType?.name ??
    event.workflowExecutionSignaledEventAttributes?.signalName;
  return `${eventId.padStart(5)}  ${eventTime.slice(0, 23)}  ${eventType.replace(/^EVENT_TYPE_/, '').toLowerCase()}${what ? `  ${what}` : ''}`;
}

function tableOf(running: RunningRun[], ended: ArchivedRun[], out: Output): string {
  const rows = [
    ...running.map(({ runId, startedAt, events }) => ({ runId, startedAt, closedAt: null, as: '', events })),
    ...ended.map(({ runId, startedAt, closedAt, status, events, omitted }) => {
      const as = omitted === null ? status.toLowerCase() : `${status.toLowerCase()}, not kept: ${omitted}`;
      return { runId, startedAt, closedAt, as, events };
    }),
  ];
  return fitted(
    [
      { head: 'run', cell: ({ runId }) => runId },
      { head: 'began', cell: ({ startedAt }) => time(startedAt), spare: true },
      { head: 'ended', cell: ({ closedAt }) => (closedAt === null ? 'under way' : time(closedAt)) },
      { head: 'as', cell: ({ as }) => as, grows: true },
      { head: 'events', cell: ({ events }) => String(events), spare: true },
    ],
    rows,
    out,
    { whole: true },
  );
}

/** @returns `null` when Temporal does not answer, or nobody said where it is: the record alone is worth showing */
async function ofTemporal<T>(config: Config, ask: (runs: WorkflowRuns) => Promise<T>): Promise<T | null> {
  try {
    return await withTemporal(config, (temporal) => ask(createWorkflowRuns(temporal)));
  } catch (error) {
    if (error instanceof ConfigError) return null;
    if (error instanceof Failure && error.kind === 'TemporalUnavailable') return null;
    throw error;
  }
}

function workflowIdOf(mirrorId: string): string {
  return mirrorWorkflowId(mirrorId.slice('github-'.length));
}
