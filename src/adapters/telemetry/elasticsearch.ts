import { randomUUID } from 'node:crypto';
import { Failure } from '../../domain/failures.ts';
import { readLine } from './lines.ts';
import { objectIn, postTelemetry } from './post-telemetry.ts';
import type { Parcel, Receiver, Verdict } from './sender.ts';

export interface ElasticsearchOptions {
  url: string;
  /** `undefined`: it has no security, or somebody in front of it has. */
  apiKey: string | undefined;
  /** A data stream. */
  index: string;
  userAgent: string;
}

/**
 * Elasticsearch's bulk interface, with `create` into a data stream: the one action a data stream takes. Each document has an id of ours, so that
 * one that is sent again, since its answer was lost, is not there twice.
 * @see https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html
 */
export function elasticsearchReceiver({ url, apiKey, index, userAgent }: ElasticsearchOptions): Receiver {
  const session = randomUUID();
  const bulk = `${url}/${encodeURIComponent(index)}/_bulk?filter_path=${ANSWERED}`;
  return {
    maxRecords: 1_000,
    maxBytes: 4_000_000,
    maxRecordBytes: 1_000_000,
    async send(batch, limits) {
      const body = batch
        .map(({ id, record }) => `${JSON.stringify({ create: { _id: `${session}-${id}` } })}\n${documentOf(record)}\n`)
        .join('');
      const outcome = await postTelemetry({
        url: bulk,
        headers: {
          'content-type': 'application/x-ndjson',
          accept: 'application/json',
          'user-agent': userAgent,
          ...(apiKey === undefined ? {} : { authorization: `ApiKey ${apiKey}` }),
        },
        body,
        ...limits,
        isFinal: (status) => status === 400,
      });
      if (!outcome.taken) return { refused: batch.length, reason: outcome.reason };
      return verdictOf(batch, outcome.answer.text, new URL(url).origin);
    },
  };
}

const ANSWERED = 'errors,items.*.status,items.*.error.type';

/** In the Elastic Common Schema; what it has no name for is below `starkeep`, where it is in nobody's way. */
function documentOf(record: string): string {
  const { time, level, service, message, error, traceId, spanId, fields } = readLine(record);
  return JSON.stringify({
    '@timestamp': time,
    message,
    log: { level },
    service: { name: `starkeep-${service}` },
    ...(error ? { error: { type: error.type, message: error.message, stack_trace: error.stack } } : {}),
    ...(traceId ? { trace: { id: traceId } } : {}),
    ...(spanId ? { span: { id: spanId } } : {}),
    starkeep: fields,
  });
}

/** 200 says that the request was understood; what became of each document is said one by one, in their order. */
function verdictOf(batch: readonly Parcel[], text: string, origin: string): Verdict {
  const answer = objectIn(text);
  if (answer?.['errors'] === false) return {};
  const items = answer?.['items'];
  if (!Array.isArray(items) || items.length !== batch.length) {
    throw new Failure('TelemetryUnreachable', `${origin} answered with something else than Elasticsearch does`);
  }
  const again: Parcel[] = [];
  let refused = 0;
  const reasons = new Set<string>();
  for (const [at, parcel] of batch.entries()) {
    const { status = 500, error } = itemOf(items[at]);
    // 409: it is there, from a try whose answer was lost.
    if ((status >= 200 && status < 300) || status === 409) continue;
    if (status === 429 || status >= 500) again.push(parcel);
    else refused += 1;
    reasons.add(`${status} ${error?.type ?? ''}`.trim());
  }
  return { refused, again, reason: `${origin} answered for single lines: ${[...reasons].slice(0, 3).join(', ')}` };
}

function itemOf(item: unknown): { status?: number; error?: { type?: string } } {
  const [inner] = typeof item === 'object' && item !== null ? Object.values(item) : [];
  return typeof inner === 'object' && inner !== null ? (inner as { status?: number; error?: { type?: string } }) : {};
}
