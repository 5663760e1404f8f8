import type { TestTemporal } from '../support/temporal.ts';

/** What the histories of a namespace say of attempts that did not end by themselves. */
export interface Interrupted {
  /** `ACTIVITY after REASON`: Temporal gave up waiting for a sign of life, or for the end. */
  timedOut: string[];
  /** Activities that another worker did since theirs was shut down. */
  handedOver: string[];
}

export async function historyEventsIn({ client }: TestTemporal): Promise<Interrupted> {
  const found: Interrupted = { timedOut: [], handedOver: [] };
  for await (const { workflowId, runId } of client.workflow.list()) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const names = new Map<string, string>();
    for (const event of events ?? []) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled) names.set(String(event.eventId), scheduled.activityType?.name ?? '');
      const started = event.activityTaskStartedEventAttributes;
      const failed = event.activityTaskFailedEventAttributes;
      const timedOut = event.activityTaskTimedOutEventAttributes;
      const name = names.get(String((started ?? failed ?? timedOut)?.scheduledEventId)) ?? '';
      for (const failure of [started?.lastFailure, failed?.failure, timedOut?.failure]) {
        if (failure?.timeoutFailureInfo) found.timedOut.push(`${workflowId}: ${name} ${failure.message ?? ''}`);
        if (failure?.applicationFailureInfo?.type === 'WorkerShutdown') found.handedOver.push(name);
      }
    }
  }
  return found;
}
