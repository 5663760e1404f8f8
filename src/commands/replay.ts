import { acceptedDeliveries, findDelivery, type DeliveryLine } from '../adapters/postgres/overview.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Queryable } from '../adapters/postgres/database.ts';
import { createDeliveryStore } from '../adapters/postgres/deliveries.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import type { RepoEvent } from '../domain/events.ts';
import { replayDelivery } from '../domain/replay.ts';
import { withInstallation } from './installation.ts';
import { Refusal, UsageError } from './refusal.ts';
import { sinceMs } from './since.ts';
import { counted, time, type Output } from './wording.ts';

/** `starkeep replay`: dispatches webhook deliveries of the record once more, and has that in the audit log. */

export interface ReplayOptions {
  /** A duration: what was received within it. */
  since?: string;
  /** What was accepted and never dispatched. */
  failed?: boolean;
}

type Accepted = DeliveryLine & { repoEvent: RepoEvent };

/**
 * @param by who asks
 * @throws Refusal when the delivery is not known or was ignored · ConfigError when it is not said which deliveries are meant
 */
export async function replay(
  config: Config,
  guid: string | undefined,
  options: ReplayOptions,
  by: string,
  out: Output,
): Promise<void> {
  const several = options.since !== undefined || options.failed === true;
  if ((guid !== undefined) === several) {
    throw new UsageError('`starkeep replay` needs either the guid of one delivery, or --since or --failed.');
  }
  const within = options.since === undefined ? null : sinceMs(options.since);
  await withInstallation(config, async (db, control) => {
    const lines =
      guid === undefined
        ? await acceptedDeliveries(db, { sinceMs: within, failed: options.failed ?? false })
        : [await oneDelivery(db, guid)];
    const deliveries = createDeliveryStore(db);
    const audit = createAuditStore(db);
    for (const line of lines.filter(isAccepted)) {
      const entry = { actor: by, action: 'delivery.replay', subject: line.guid, details: { fullName: line.fullName } };
      const { workflowId } = await audited(audit, entry, () => replayDelivery({ control, deliveries }, line));
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

function named({ event, action, fullName }: DeliveryLine): string {
  return [action === null ? event : `${event}.${action}`, ...(fullName === null ? [] : [fullName])].join(' ');
}
