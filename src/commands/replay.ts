import { acceptedDeliveries, findDelivery, type DeliveryLine } from '../adapters/postgres/overview.ts';
import type { Queryable } from '../adapters/postgres/database.ts';
import { createDeliveryStore } from '../adapters/postgres/deliveries.ts';
import { ConfigError, type Config } from '../config.ts';
import type { RepoEvent } from '../domain/events.ts';
import { withInstallation } from './installation.ts';
import { Refusal } from './refusal.ts';
import { counted, time, type Output } from './wording.ts';

/** `starkeep replay`: dispatches webhook deliveries of the record once more. */

export interface ReplayOptions {
  /** A duration: what was received within it. */
  since?: string;
  /** What was accepted and never dispatched. */
  failed?: boolean;
}

type Accepted = DeliveryLine & { repoEvent: RepoEvent };

/** @throws Refusal when the delivery is not known or was ignored · ConfigError when it is not said which deliveries are meant */
export async function replay(
  config: Config,
  guid: string | undefined,
  options: ReplayOptions,
  out: Output,
): Promise<void> {
  const several = options.since !== undefined || options.failed === true;
  if ((guid !== undefined) === several) {
    throw new ConfigError(['`starkeep replay` needs either the guid of one delivery, or --since or --failed.']);
  }
  const sinceMs = options.since === undefined ? null : durationMs(options.since);
  await withInstallation(config, async (db, control) => {
    const lines =
      guid === undefined
        ? await acceptedDeliveries(db, { sinceMs, failed: options.failed ?? false })
        : [await oneDelivery(db, guid)];
    const deliveries = createDeliveryStore(db);
    // If we die between a signal and its mark, the delivery is dispatched again, and Starkeep looks once more.
    for (const line of lines.filter(isAccepted)) {
      const { workflowId } = await control.repoEvent(eventOf(line));
      await deliveries.markDispatched(line.guid, workflowId);
      out.print(`${line.guid}  ${time(line.receivedAt)}  ${named(line)}  →  ${workflowId}`);
    }
    if (lines.length === 0) return out.print('No delivery to replay.');
    out.print(`${counted(lines.length, 'delivery', 'deliveries')} dispatched again.`);
    out.print(
      'That is harmless: a delivery only makes Starkeep look, and what it does follows from what GitHub says now.',
    );
  });
}

async function oneDelivery(db: Queryable, guid: string): Promise<DeliveryLine> {
  const line = await findDelivery(db, guid);
  if (line === null) throw new Refusal(`There is no delivery ${guid}.`);
  if (!isAccepted(line))
    throw new Refusal(`Delivery ${guid} (${named(line)}) was ignored: ${line.ignoredReason ?? ''}`);
  return line;
}

function isAccepted(line: DeliveryLine): line is Accepted {
  return line.repoEvent !== null;
}

/** A running workflow drops a delivery it has had. One that was never dispatched keeps its id, since the inbox may be dispatching it too. */
function eventOf({ repoEvent, dispatched }: Accepted): RepoEvent {
  if (!dispatched) return repoEvent;
  const { deliveryId: _, ...again } = repoEvent;
  return again;
}

function named({ event, action, fullName }: DeliveryLine): string {
  return [action === null ? event : `${event}.${action}`, ...(fullName === null ? [] : [fullName])].join(' ');
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (count === undefined || unitMs === undefined) {
    throw new ConfigError([`--since must be a duration such as 30m, 2h or 7d, but is "${text}".`]);
  }
  return Number(count) * unitMs;
}
