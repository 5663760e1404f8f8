import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startUp, type Installation } from '../../src/local/up.ts';
import { bundleWorkflows } from '../../src/worker/bundle.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { commit, createRepo, type Repo } from '../support/repo.ts';
import {
  datadogRules,
  elasticRules,
  otlpRules,
  startTelemetryReceiver,
  type OtlpLog,
  type OtlpSpan,
  type TelemetryReceiver,
} from '../support/telemetry-receiver.ts';
import { devServerEnvironment } from '../support/temporal.ts';
import { quietPort } from '../support/quiet-port.ts';

/**
 * A real api and a real worker, with every destination for lines and spans set up: one delivery of GitHub's, from the webhook to the push, as all of them
 * tell of it.
 */

const SECRETS = {
  GITHUB_TOKEN: 'token-of-github-0001',
  ONEDEV_TOKEN: 'token-of-onedev-0001',
  GITHUB_WEBHOOK_SECRET: 'hook-secret-0001',
  STARKEEP_LOG_ELASTICSEARCH_API_KEY: 'ZWxhc3RpYzprZXk=',
  STARKEEP_LOG_DATADOG_API_KEY: 'datadog-key-0001',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlp-key-0001',
};

const database = withDatabase();
const temporal = devServerEnvironment();
const logged: string[] = [];
const otlp = { spans: [] as OtlpSpan[], logs: [] as OtlpLog[] };
const documents = new Map<string, Record<string, unknown>>();
const entries: Record<string, unknown>[] = [];
let dir: string;
let github: GithubStandin;
let onedev: OnedevStandin;
let repo: Repo;
let upstream: StandinRepository;
let receivers: TelemetryReceiver[];
let starkeep: Installation | null = null;

const GUID = '3c9a1b2e-0000-4000-8000-00000000feed';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'telemetry-'));
  github = await createGithubStandin({ token: SECRETS.GITHUB_TOKEN });
  onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev'), token: SECRETS.ONEDEV_TOKEN });
  repo = await createRepo(join(dir, 'upstream', 'engine.git'), { commits: 3, tags: 1, seed: 'engine' });
  upstream = github.addRepository({ fullName: 'ada/engine', gitDir: repo.dir });
  github.star(upstream);
  receivers = await Promise.all([
    startTelemetryReceiver(otlpRules({ headers: { authorization: 'Bearer otlp-key-0001' } }, otlp)),
    startTelemetryReceiver(elasticRules({ index: 'logs-starkeep-e2e', apiKey: 'ZWxhc3RpYzprZXk=' }, documents)),
    startTelemetryReceiver(datadogRules({ apiKey: 'datadog-key-0001' }, entries)),
  ]);
  const [collector, elastic, datadog] = receivers;
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    TMPDIR: tmpdir(),
    ...SECRETS,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_URL: github.url,
    ONEDEV_URL: onedev.url,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
    STARKEEP_DATA_DIR: join(dir, 'starkeep'),
    STARKEEP_PORT: String(await quietPort()),
    STARKEEP_ADMIN_KEY: 'the-key-of-this-run',
    STARKEEP_LOG_LEVEL: 'debug',
    STARKEEP_LOG_ELASTICSEARCH_URL: elastic?.url ?? '',
    STARKEEP_LOG_ELASTICSEARCH_INDEX: 'logs-starkeep-e2e',
    STARKEEP_LOG_DATADOG_SITE: datadog?.url ?? '',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector?.url ?? '',
  };
  starkeep = await startUp({
    config: loadConfig(environment, 'up'),
    environment,
    say: () => undefined,
    onLogLine: (line) => logged.push(line),
  });
  await settled(1);
  const after = await commit(repo, { branch: 'main', message: 'more' });
  const payload = github.payloads.push(upstream, { ref: 'refs/heads/main', after });
  const answer = await github.deliver(`${starkeep.apiUrl}/webhooks/github`, 'push', payload, {
    secret: SECRETS.GITHUB_WEBHOOK_SECRET,
    guid: GUID,
  });
  expect(answer.status).toBe(202);
  await settled(2);
  // What waits is sent at the end.
  await starkeep.stop();
  starkeep = null;
}, 180_000);

afterAll(async () => {
  await starkeep?.stop();
  await Promise.all([github?.close(), onedev?.close(), ...(receivers ?? []).map((receiver) => receiver.down())]);
  await rm(dir, { recursive: true, force: true });
});

/** So many runs of the mirror's workflow are over. */
async function settled(runs: number): Promise<void> {
  const query = `WorkflowId="mirror-github-${upstream.id}" and ExecutionStatus="Completed"`;
  await eventually(async () => (await temporal.client.workflow.count(query)).count >= runs, 90_000);
}

type Logged = Record<string, unknown> & { msg: string; level: number };

const lines = () => logged.map((line) => JSON.parse(line) as Logged);

describe('log lines of api and worker', () => {
  it('are all a JSON object with level, time, service and a message', () => {
    for (const line of lines()) {
      expect(line).toMatchObject({
        level: expect.any(Number) as number,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        service: expect.stringMatching(/^(?:api|worker)$/) as string,
        msg: expect.stringMatching(/\S/) as string,
      });
    }
    expect(new Set(lines().map(({ service }) => service))).toEqual(new Set(['api', 'worker']));
  });

  it('have constant messages: what differs from case to case is in a field', () => {
    const varying = lines().filter(({ msg }) =>
      [GUID, upstream.id, 'ada/engine', 'http:', '127.0.0.1', temporal.namespace].some((value) =>
        msg.includes(String(value)),
      ),
    );

    expect(varying.map(({ msg }) => msg)).toEqual([]);
    expect(
      lines()
        .filter(({ msg }) => /\d/.test(msg))
        .map(({ msg }) => msg),
    ).toEqual([]);
  });

  it('give the reason of trouble in `reason`, and an error whole in `err`', () => {
    for (const line of lines()) {
      expect(line).not.toHaveProperty('why');
      expect(line).not.toHaveProperty('error');
      if ('err' in line)
        expect(line['err']).toMatchObject({ type: expect.any(String) as string, stack: expect.any(String) as string });
      if ('reason' in line) expect(line['reason']).toEqual(expect.any(String));
    }
  });

  it('say whose they are, from the webhook to the push', () => {
    const ours = lines().filter(({ correlationId }) => correlationId === GUID);
    const told = ours.map(({ msg }) => msg);

    expect(told).toEqual(expect.arrayContaining(['delivery accepted', 'transfer ended']));
    const mirrorId = `github-${upstream.id}`;
    expect(ours.find(({ msg }) => msg === 'delivery accepted')).toMatchObject({
      service: 'api',
      deliveryId: GUID,
      mirrorId,
    });
    expect(ours.find(({ msg }) => msg === 'transfer ended')).toMatchObject({
      service: 'worker',
      mirrorId,
      workflowId: `mirror-${mirrorId}`,
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      attempt: 1,
    });
  });

  it('have what git and OneDev said, at debug', () => {
    const said = lines().filter(({ msg }) => msg === 'git said');

    expect(said.length).toBeGreaterThan(0);
    for (const line of said) {
      expect(line).toMatchObject({ level: 20, line: expect.any(String) as string, mirrorId: `github-${upstream.id}` });
    }
  });

  it('are at every destination, to the last', () => {
    const all = lines()
      .map(({ msg }) => msg)
      .sort();

    expect(receivers.flatMap(({ broken }) => broken)).toEqual([]);
    expect(otlp.logs.map(({ body }) => String(body)).sort()).toEqual(all);
    expect([...documents.values()].map(({ message }) => String(message)).sort()).toEqual(all);
    expect(entries.map(({ message }) => String(message)).sort()).toEqual(all);
  });
});

describe('the trace of a delivery', () => {
  const isOf = (span: OtlpSpan, guid: string) => span.attributes['starkeep.correlation_id'] === guid;
  const trace = () => {
    const root = otlp.spans.find((span) => span.name === 'POST /webhooks/github' && isOf(span, GUID));
    return { root, spans: otlp.spans.filter(({ traceId }) => traceId === root?.traceId) };
  };
  const children = (of: OtlpSpan | undefined) =>
    trace().spans.filter(({ parentSpanId }) => parentSpanId === of?.spanId);
  const named = (spans: OtlpSpan[], name: string) => {
    const found = spans.filter((span) => span.name === name);
    expect(found.length, `${name} among ${spans.map((span) => span.name).join(', ')}`).toBeGreaterThanOrEqual(1);
    return found;
  };

  it('is one tree: webhook, workflow, activities, HTTP and git', () => {
    const { root } = trace();
    expect(root).toMatchObject({ kind: 2, resource: { 'service.name': 'starkeep-api' } });
    expect(root?.attributes).toMatchObject({ 'http.response.status_code': 202, 'starkeep.delivery_id': GUID });

    const [signal] = named(children(root), 'signal repoEvent');
    const [workflow] = named(children(signal), 'workflow mirrorRepository');
    expect(workflow?.resource).toMatchObject({ 'service.name': 'starkeep-worker' });

    const activities = children(workflow);
    const [metadata] = named(activities, 'activity fetchMetadata');
    named(children(metadata), 'GET');
    const [transfer] = named(activities, 'activity transfer');
    const git = children(transfer);
    named(git, 'git list');
    const [fetch] = named(git, 'git fetch');
    const inFetch = children(named(children(fetch), 'POST')[0]);
    named(inFetch, 'git push');
  });

  it('hangs together: every span but the first has its parent in it', () => {
    const { root, spans } = trace();
    const ids = new Set(spans.map(({ spanId }) => spanId));

    expect(spans.filter(({ parentSpanId }) => !parentSpanId || !ids.has(parentSpanId))).toEqual([root]);
    expect(spans.length).toBe(ids.size);
  });

  it('carries the correlation id on the webhook, the workflow and each activity', () => {
    const carriers = trace().spans.filter(({ name }) => /^(?:POST \/|workflow |activity )/.test(name));

    expect(carriers.length).toBeGreaterThanOrEqual(5);
    for (const span of carriers) expect([span.name, isOf(span, GUID)]).toEqual([span.name, true]);
  });

  it('says of git how much, and of HTTP with whom and what came of it', () => {
    const { spans } = trace();
    const fetch = spans.find(({ name }) => name === 'git fetch');
    const push = spans.find(({ name }) => name === 'git push');

    expect(fetch?.attributes).toMatchObject({ 'git.side': 'source', 'git.refs': 1 });
    expect(fetch?.attributes['git.bytes']).toBeGreaterThan(0);
    expect(push?.attributes).toMatchObject({ 'git.side': 'target', 'git.refs': 1 });
    expect(push?.attributes['git.bytes']).toBeGreaterThan(0);
    for (const span of spans.filter(({ name }) => name === 'GET' || name === 'POST')) {
      expect(span.attributes).toMatchObject({
        'http.request.method': span.name,
        'server.address': '127.0.0.1',
        'server.port': expect.any(Number) as number,
        'http.response.status_code': expect.any(Number) as number,
      });
    }
  });

  it('is found from a log line, by its ids', () => {
    const { root } = trace();
    const line = lines().find(({ msg, correlationId }) => msg === 'transfer ended' && correlationId === GUID);

    expect(line).toMatchObject({ traceId: root?.traceId, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(
      otlp.logs.filter(({ body, traceId }) => body === 'transfer ended' && traceId === root?.traceId),
    ).toHaveLength(1);
  });

  it('has no secret and no query anywhere, and neither have the lines', () => {
    const everything = receivers.flatMap(({ requests }) => requests.map(({ text }) => text)).join('\n');

    for (const value of [...Object.values(SECRETS), 'otlp-key-0001']) expect(everything).not.toContain(value);
    for (const { attributes } of otlp.spans) expect(String(attributes['url.path'] ?? '')).not.toMatch(/[?#@]/);
  });
});

describe('a history recorded with tracing', () => {
  it.each([[true], [false]])('replays in a worker that traces: %s', async (traced) => {
    const history = await temporal.client.workflow.getHandle(`mirror-github-${upstream.id}`).fetchHistory();
    const headers = JSON.stringify(
      history.events?.map((event) => event.workflowExecutionStartedEventAttributes?.header),
    );
    expect(headers).toContain('starkeep-trace');

    const told = { callDuringReplay: false, fn: () => undefined };
    const replay = Worker.runReplayHistory(
      {
        workflowBundle: await bundleWorkflows({ encodedFailures: false, traced }),
        sinks: { starkeepTrace: { ended: told } },
      },
      history,
      `mirror-github-${upstream.id}`,
    );

    await expect(replay).resolves.toBeUndefined();
  });
});
