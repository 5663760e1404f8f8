import { afterEach, describe, expect, it } from 'vitest';
import { datadogReceiver } from '../../../src/adapters/telemetry/datadog.ts';
import { elasticsearchReceiver } from '../../../src/adapters/telemetry/elasticsearch.ts';
import { otlpLogsReceiver, otlpTracesReceiver, spanRecord } from '../../../src/adapters/telemetry/otlp.ts';
import {
  createSender,
  type DropReason,
  type Receiver,
  type SenderOptions,
} from '../../../src/adapters/telemetry/sender.ts';
import { eventually } from '../../support/eventually.ts';
import {
  datadogRules,
  elasticRules,
  otlpRules,
  startTelemetryReceiver,
  type ElasticDocument,
  type OtlpLog,
  type OtlpSpan,
  type TelemetryRules,
} from '../../support/telemetry-receiver.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Line {
  msg: string;
  level?: number;
  [field: string]: unknown;
}

/** As pino writes it. */
function lineOf({ level = 30, ...line }: Line): string {
  return `${JSON.stringify({ level, time: '2026-11-26T01:02:03.456Z', service: 'api', ...line })}\n`;
}

async function startSending(
  rules: TelemetryRules,
  receiverOf: (url: string) => Receiver,
  options: Partial<SenderOptions> & { startDown?: true } = {},
) {
  const remote = await startTelemetryReceiver(rules);
  closing.push(() => remote.down());
  const receiver = receiverOf(remote.url);
  if (options.startDown) await remote.down();
  const seen = { sent: 0, dropped: {} as Partial<Record<DropReason, number>>, told: [] as string[] };
  const sender = createSender({
    receiver,
    lingerMs: 1,
    pauseMs: { first: 1, longest: 10 },
    closeMs: 2_000,
    onSent: (count) => (seen.sent += count),
    onDropped: (count, reason) => (seen.dropped[reason] = (seen.dropped[reason] ?? 0) + count),
    onTrouble: (reason) => seen.told.push(`trouble: ${reason}`),
    onRecovered: () => seen.told.push('recovered'),
    onRefused: (reason) => seen.told.push(`refused: ${reason}`),
    ...options,
  });
  closing.push(() => sender.close());
  return { remote, sender, seen };
}

type Sending = Awaited<ReturnType<typeof startSending>> & {
  /** The messages that the receiver has, in the order they came. */
  messages: () => string[];
};

const COMMON = { userAgent: 'starkeep/test', version: '1.2.3' };

async function elastic(
  options: Partial<SenderOptions> & { startDown?: true } = {},
  judge?: (document: ElasticDocument) => number,
) {
  const documents = new Map<string, Record<string, unknown>>();
  const rules = elasticRules(
    { index: 'logs-starkeep-test', apiKey: 'ZWs6a2V5', ...(judge ? { judge } : {}) },
    documents,
  );
  const sending = await startSending(
    rules,
    (url) => elasticsearchReceiver({ url, apiKey: 'ZWs6a2V5', index: 'logs-starkeep-test', ...COMMON }),
    options,
  );
  return { ...sending, documents, messages: () => [...documents.values()].map(({ message }) => String(message)) };
}

async function datadog(options: Partial<SenderOptions> & { startDown?: true } = {}) {
  const entries: Record<string, unknown>[] = [];
  const receiverOf = (url: string) => datadogReceiver({ url, apiKey: 'dd-key', ...COMMON });
  const sending = await startSending(datadogRules({ apiKey: 'dd-key' }, entries), receiverOf, options);
  return { ...sending, entries, messages: () => entries.map(({ message }) => String(message)) };
}

async function otlp(options: Partial<SenderOptions> & { startDown?: true } = {}) {
  const got = { spans: [] as OtlpSpan[], logs: [] as OtlpLog[] };
  const headers = { 'x-token': 'otlp-key' };
  const resource = { 'service.name': 'starkeep-api' };
  const receiverOf = (url: string) => otlpLogsReceiver({ url: `${url}/v1/logs`, headers, resource, ...COMMON });
  const sending = await startSending(otlpRules({ headers }, got), receiverOf, options);
  return { ...sending, logs: got.logs, messages: () => got.logs.map(({ body }) => String(body)) };
}

const DESTINATIONS: Record<string, (options?: Partial<SenderOptions> & { startDown?: true }) => Promise<Sending>> = {
  Elasticsearch: elastic,
  Datadog: datadog,
  OpenTelemetry: otlp,
};

function write({ sender }: Sending, from: number, to: number): string[] {
  const messages = Array.from({ length: to - from }, (_, index) => `message ${from + index}`);
  for (const msg of messages) sender.write(lineOf({ msg }));
  return messages;
}

async function arrived(sending: Sending, count: number): Promise<void> {
  await eventually(() => sending.seen.sent === count);
  expect(sending.remote.broken).toEqual([]);
}

describe.each(Object.entries(DESTINATIONS))('%s', (_, start) => {
  it('gets every line, in batches it accepts', async () => {
    const sending = await start();

    const messages = write(sending, 0, 2_500);
    await arrived(sending, 2_500);

    expect(sending.messages()).toEqual(messages);
    expect(sending.remote.requests.length).toBeLessThanOrEqual(10);
  });

  it('that is away at the start gets them when it comes', async () => {
    const sending = await start({ startDown: true });

    const messages = write(sending, 0, 20);
    await eventually(() => sending.seen.told.length === 1);
    await sending.remote.up();
    await arrived(sending, 20);

    expect(sending.messages()).toEqual(messages);
    expect(sending.seen.told).toEqual([expect.stringMatching(/^trouble: http:.*ECONNREFUSED/), 'recovered']);
  });

  it('that goes away in between gets what was written meanwhile', async () => {
    const sending = await start();
    write(sending, 0, 5);
    await arrived(sending, 5);

    await sending.remote.down();
    write(sending, 5, 10);
    await eventually(() => sending.seen.told.length === 1);
    await sending.remote.up();
    await arrived(sending, 10);

    expect(sending.messages()).toEqual(Array.from({ length: 10 }, (_none, index) => `message ${index}`));
  });

  it.each([
    ['429', { status: 429, headers: { 'retry-after': '0' } }, 'answered 429'],
    ['503', { status: 503 }, 'answered 503'],
    ['no answer in time', 'hang', 'no complete answer within 0.3 s'],
    ['a connection that is cut', 'cut', ''],
  ] as const)('that answers with %s gets the batch again', async (_name, answer, reason) => {
    const sending = await start(answer === 'hang' ? { timeoutMs: 300 } : {});
    sending.remote.next.push(answer, answer);

    const messages = write(sending, 0, 3);
    await arrived(sending, 3);

    // A busy machine may be as slow as the receiver: what was taken too late comes again.
    expect([...new Set(sending.messages())]).toEqual(messages);
    expect(sending.seen.told).toEqual([expect.stringContaining(reason), 'recovered']);
    expect(sending.seen.dropped).toEqual({});
  });

  it('that finds a batch wrong gets it no more, and the next one all the same', async () => {
    const sending = await start();
    sending.remote.next.push({ status: 400 });

    write(sending, 0, 3);
    await eventually(() => sending.seen.dropped.refused === 3);
    const messages = write(sending, 3, 5);
    await arrived(sending, 2);

    expect(sending.messages()).toEqual(messages);
    expect(sending.seen.told).toEqual([expect.stringMatching(/^refused: .*answered 400$/)]);
  });

  it('that finds a batch too large gets it in halves', async () => {
    const sending = await start();
    sending.remote.next.push({ status: 413 });

    const messages = write(sending, 0, 8);
    await arrived(sending, 8);

    expect(sending.messages()).toEqual(messages);
    expect(sending.remote.requests.length).toBeGreaterThanOrEqual(2);
  });

  it('is not followed elsewhere: a redirect would carry the key along', async () => {
    const sending = await start({ closeMs: 50 });
    sending.remote.always = { status: 307, headers: { location: `${sending.remote.url}/elsewhere` } };

    write(sending, 0, 1);
    await eventually(() => sending.seen.told.length === 1 || sending.seen.dropped.refused === 1);

    expect(sending.remote.requests).toEqual([]);
    expect(sending.seen.told[0]).toContain('answered 307');
  });

  it('never gets a line that it would cut', async () => {
    const sending = await start();

    sending.sender.write(lineOf({ msg: 'x'.repeat(1_100_000) }));
    sending.sender.write(lineOf({ msg: 'y'.repeat(900_000) }));
    await arrived(sending, 1);

    expect(sending.seen.dropped).toEqual({ too_large: 1 });
  });

  it('loses none it is not told of while 100,000 lines are written and it is away', async () => {
    const bufferBytes = 1_000_000;
    const sending = await start({ startDown: true, bufferBytes });

    let highest = 0;
    for (let at = 0; at < 100_000; at += 1) {
      sending.sender.write(lineOf({ msg: `message ${at}` }));
      if (at % 2_000 !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      highest = Math.max(highest, sending.sender.state().waitingBytes);
    }
    await sending.remote.up();
    await eventually(() => sending.sender.state().waiting === 0);

    const { sent, dropped } = sending.seen;
    expect(highest).toBeLessThanOrEqual(bufferBytes);
    expect(sent + (dropped.buffer_full ?? 0)).toBe(100_000);
    expect(sending.messages()).toHaveLength(sent);
    expect(sending.messages().at(-1)).toBe('message 99999');
  });
});

const ERROR = { type: 'Failure', message: 'refused', stack: 'Failure: refused\n  at x' };
const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const FULL: Line = {
  msg: 'request failed',
  level: 50,
  mirrorId: 'github-1',
  attempt: 2,
  deep: { refs: [1, 'a'] },
  err: ERROR,
  ...SPAN,
};

describe('a line', () => {
  it('is a document of the Elastic Common Schema, with what is ours below `starkeep`', async () => {
    const { sender, seen, documents } = await elastic();

    sender.write(lineOf(FULL));
    await eventually(() => seen.sent === 1);

    expect([...documents.values()]).toEqual([
      {
        '@timestamp': '2026-11-26T01:02:03.456Z',
        message: 'request failed',
        log: { level: 'error' },
        service: { name: 'starkeep-api' },
        error: { type: 'Failure', message: 'refused', stack_trace: ERROR.stack },
        trace: { id: SPAN.traceId },
        span: { id: SPAN.spanId },
        starkeep: { mirrorId: 'github-1', attempt: 2, deep: { refs: [1, 'a'] } },
      },
    ]);
  });

  it('is an entry with Datadog’s reserved attributes', async () => {
    const { sender, seen, entries } = await datadog();

    sender.write(lineOf(FULL));
    await eventually(() => seen.sent === 1);

    expect(entries).toEqual([
      {
        ddsource: 'starkeep',
        ddtags: 'version:1.2.3',
        hostname: expect.any(String) as string,
        service: 'starkeep-api',
        status: 'error',
        timestamp: '2026-11-26T01:02:03.456Z',
        message: 'request failed',
        mirrorId: 'github-1',
        attempt: 2,
        deep: { refs: [1, 'a'] },
        error: { kind: 'Failure', message: 'refused', stack: ERROR.stack },
        trace_id: SPAN.traceId,
        span_id: SPAN.spanId,
      },
    ]);
  });

  it('is an OpenTelemetry log record that belongs to its span', async () => {
    const { sender, seen, logs } = await otlp();

    sender.write(lineOf(FULL));
    await eventually(() => seen.sent === 1);

    expect(logs).toEqual([
      expect.objectContaining({
        timeUnixNano: `${Date.parse('2026-11-26T01:02:03.456Z')}000000`,
        severityNumber: 17,
        severityText: 'ERROR',
        body: 'request failed',
        resource: { 'service.name': 'starkeep-api' },
        ...SPAN,
      }),
    ]);
    expect(logs[0]?.attributes).toMatchObject({ mirrorId: 'github-1', attempt: 2, 'exception.type': 'Failure' });
  });

  it('that is none of ours is its message', async () => {
    const { sender, seen, messages } = await datadog();

    sender.write('a program said this\n');
    await eventually(() => seen.sent === 1);

    expect(messages()).toEqual(['a program said this']);
  });
});

describe('Elasticsearch’s answer', () => {
  it('is read line by line: 429 comes again, a wrong one is dropped, and none is there twice', async () => {
    let busy = true;
    const judge = ({ source: { message } }: ElasticDocument) => {
      if (message === 'wrong') return 400;
      return message === 'late' && busy ? 429 : 201;
    };
    const { sender, seen, messages } = await elastic({}, judge);

    for (const msg of ['early', 'wrong', 'late']) sender.write(lineOf({ msg }));
    await eventually(() => seen.told.length === 2);
    busy = false;
    await eventually(() => seen.sent === 2);

    expect(messages()).toEqual(['early', 'late']);
    expect(seen.dropped).toEqual({ refused: 1 });
    expect(seen.told.join()).toContain('400 made_to_fail');
    expect(seen.told.at(-1)).toBe('recovered');
  });

  it('that was lost does no harm: what is sent again is there once', async () => {
    const { remote, sender, seen, documents } = await elastic();
    const taking = remote.requests;
    sender.write(lineOf({ msg: 'one' }));
    await eventually(() => seen.sent === 1);

    // The same document once more, as after an answer that was lost.
    const [first] = taking;
    const again = await fetch(`${remote.url}${first?.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', authorization: 'ApiKey ZWs6a2V5' },
      body: first?.text ?? '',
    });

    expect(JSON.stringify(await again.json())).toContain('409');
    expect(documents.size).toBe(1);
  });

  it('that is not Elasticsearch’s is trouble, not success', async () => {
    const { remote, sender, seen } = await elastic({ closeMs: 50 });
    remote.always = { status: 200, body: { hello: 'proxy' } };

    sender.write(lineOf({ msg: 'one' }));
    await eventually(() => seen.told.length === 1);

    expect(seen.told[0]).toContain('answered with something else than Elasticsearch does');
    expect(seen.sent).toBe(0);
  });
});

describe('a key that is refused', () => {
  it.each([
    ['Elasticsearch', elastic, 401],
    ['Datadog', datadog, 403],
  ] as const)('makes %s wait for one that is taken', async (_, start, status) => {
    const sending = await start();
    sending.remote.next.push({ status }, { status });

    sending.sender.write(lineOf({ msg: 'one' }));
    await arrived(sending, 1);

    expect(sending.seen.told).toEqual([expect.stringContaining(`answered ${status}`), 'recovered']);
  });

  it('is final by OpenTelemetry’s rules', async () => {
    const sending = await otlp();
    sending.remote.next.push({ status: 401 });

    sending.sender.write(lineOf({ msg: 'one' }));
    await eventually(() => sending.seen.dropped.refused === 1);

    expect(sending.seen.told).toEqual([expect.stringContaining('refused: ')]);
  });
});

describe('OpenTelemetry’s partial success', () => {
  it('is counted', async () => {
    const { remote, sender, seen } = await otlp();
    remote.next.push({ status: 200, body: { partialSuccess: { rejectedLogRecords: '2', errorMessage: 'no' } } });

    for (const msg of ['a', 'b', 'c']) sender.write(lineOf({ msg }));
    await eventually(() => seen.sent === 1);

    expect(seen.dropped).toEqual({ refused: 2 });
  });
});

describe('spans', () => {
  it('go to the traces’ address, in OTLP’s JSON', async () => {
    const got = { spans: [] as OtlpSpan[], logs: [] as OtlpLog[] };
    const receiverOf = (url: string) =>
      otlpTracesReceiver({
        url: `${url}/v1/traces`,
        headers: {},
        resource: { 'service.name': 'starkeep-worker' },
        ...COMMON,
      });
    const { remote, sender, seen } = await startSending(otlpRules({}, got), receiverOf);

    sender.write(
      spanRecord({
        ...SPAN,
        name: 'git fetch',
        kind: 3,
        startTimeUnixNano: '1700000000000000000',
        endTimeUnixNano: '1700000000000000001',
        attributes: [{ key: 'git.bytes', value: { intValue: '12' } }],
        status: {},
      }),
    );
    await eventually(() => seen.sent === 1);

    expect(remote.broken).toEqual([]);
    expect(got.spans).toEqual([
      expect.objectContaining({
        ...SPAN,
        name: 'git fetch',
        attributes: { 'git.bytes': 12 },
        resource: { 'service.name': 'starkeep-worker' },
      }),
    ]);
  });
});
