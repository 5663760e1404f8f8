import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApiFor, type Person } from './access.ts';
import { PAGE } from './pages.ts';
import { UsageError } from './refusal.ts';
import { sinceMs } from './since.ts';
import { counted, printJson, time, type Output } from './wording.ts';

/** `starkeep replay`: dispatches webhook deliveries of the record once more. */

export interface ReplayOptions extends Person {
  /** A duration: what was received within it. */
  since?: string;
  /** What was accepted and never dispatched. */
  failed?: boolean;
  json?: boolean;
}

type Delivery = Schemas['Delivery'];

/** @throws UsageError when it is not said which deliveries are meant */
export async function replay(
  config: Config,
  guid: string | undefined,
  options: ReplayOptions,
  out: Output,
): Promise<void> {
  const { since, failed = false, json = false } = options;
  if ((guid !== undefined) === (since !== undefined || failed)) {
    throw new UsageError('`starkeep replay` needs either the guid of one delivery, or --since or --failed.');
  }
  const from = since === undefined ? null : new Date(Date.now() - sinceMs(since)).toISOString();
  await withApiFor(config, options, async (api) => {
    const deliveries = guid === undefined ? await acceptedOnes(api, from, failed) : [await oneDelivery(api, guid)];
    const replayed = [];
    for (const delivery of deliveries) {
      const params = { path: { guid: delivery.guid } };
      const told = await answerOf(api.POST('/deliveries/{guid}/replay', { params }));
      replayed.push(told);
      if (json) continue;
      out.print(`${delivery.guid}  ${time(delivery.receivedAt)}  ${named(delivery)}  →  ${told.workflowId}`);
    }
    if (json) return printJson(out, replayed);
    if (replayed.length === 0) return out.print('No delivery to replay.');
    out.print(`${counted(replayed.length, 'delivery', 'deliveries')} dispatched again.`);
    out.print(
      'That is harmless: a delivery only makes Starkeep look, and what it does follows from what GitHub says now.',
    );
  });
}

function oneDelivery(api: Client, guid: string): Promise<Delivery> {
  return answerOf(api.GET('/deliveries/{guid}', { params: { path: { guid } } }));
}

/** In the order they came. @param from an ISO time: only what was received since; `null`: whenever */
async function acceptedOnes(api: Client, from: string | null, failed: boolean): Promise<Delivery[]> {
  const found: Delivery[] = [];
  let cursor: { cursor?: string } = {};
  for (;;) {
    const query = { outcome: 'accepted' as const, limit: PAGE, ...cursor };
    const { deliveries, next } = await answerOf(api.GET('/deliveries', { params: { query } }));
    const recent = deliveries.filter(({ receivedAt }) => from === null || receivedAt >= from);
    found.push(...recent.filter(({ dispatchedAt }) => !failed || dispatchedAt === null));
    // They come newest first.
    if (next === null || recent.length < deliveries.length) return found.reverse();
    cursor = { cursor: next };
  }
}

function named({ event, action, fullName }: Delivery): string {
  return [action === null ? event : `${event}.${action}`, ...(fullName === null ? [] : [fullName])].join(' ');
}
