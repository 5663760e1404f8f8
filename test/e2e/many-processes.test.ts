import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationNames } from '../../src/adapters/postgres/migrate.ts';
import { answerOf, createClient, type Client } from '../../src/client/client.ts';
import { eventually } from '../support/eventually.ts';
import { commit, type Repo } from '../support/repo.ts';
import type { StandinRepository } from '../standins/github.ts';
import { FLEET_KEY, WEBHOOK_SECRET, withFleet, type FleetProcess } from './fleet.ts';

/** Two apis and three workers on one Postgres and one Temporal, from an empty database on: work spreads, and any of them may be killed. */

const PATIENCE_MS = 300_000;

/** Small ones, of a few contents: git has to be asked about each of them, and little more. */
const REPOSITORIES = 45;
const CONTENTS = 5;

const SETTINGS_KEYS = `fleet:${Buffer.alloc(32, 7).toString('base64')}`;
const SHARED = {
  STARKEEP_SETTINGS_KEYS: SETTINGS_KEYS,
  // Or the reading of the Schedule may come beside those of the starts, at every quarter of an hour.
  STARKEEP_RECONCILE_EVERY: '1d',
};

const fleet = withFleet('empty');

type Role = 'api' | 'worker';

/** One of them, started again whenever it says that settings were entered: as whoever supervises it does. */
interface Member {
  role: Role;
  current(): FleetProcess;
  /** Exit codes of its lives so far. */
  codes: (number | null)[];
  /** Starts another life after it was killed. */
  revive(): Promise<void>;
}

const members: Member[] = [];
const upstreams: { repo: Repo; upstream: StandinRepository }[] = [];
let over = false;

function join(role: Role): Member {
  const codes: (number | null)[] = [];
  let current = begin();
  function begin(): FleetProcess {
    const life = fleet.start(role, SHARED);
    void life.ended.then(({ code }) => {
      codes.push(code);
      if (code === 75 && !over) current = begin();
    });
    return life;
  }
  const member: Member = {
    role,
    codes,
    current: () => current,
    async revive() {
      current = begin();
      await current.ready();
    },
  };
  members.push(member);
  return member;
}

const ofRole = (role: Role) => members.filter((member) => member.role === role);
const at = (role: Role, index: number): Member => ofRole(role)[index] as Member;

async function clientOf(member: Member, key: string = FLEET_KEY): Promise<Client> {
  return createClient({ url: await member.current().ready(), key });
}

const transfersOf = (member: Member) =>
  member
    .current()
    .lines()
    .filter(({ msg }) => msg === 'transfer ended').length;

async function countOf(where: string): Promise<number> {
  return Number((await fleet.db.query(`select count(*) as n from ${where}`))[0]?.['n']);
}

beforeAll(async () => {
  for (let content = 0; content < CONTENTS; content += 1) {
    upstreams.push(await fleet.star(`ada/part-${content}`, { branches: ['next'], tags: 1 }));
  }
  for (let index = CONTENTS; index < REPOSITORIES; index += 1) {
    const { repo } = upstreams[index % CONTENTS] as { repo: Repo };
    const upstream = fleet.github.addRepository({ fullName: `ada/part-${index}`, gitDir: repo.dir });
    fleet.github.star(upstream);
    upstreams.push({ repo, upstream });
  }
});

afterAll(() => {
  over = true;
});

/** Of these tests only a machine that has much else to do needs it. */
const TIMEOUT_MS = 3 * PATIENCE_MS;

describe('on an empty database', () => {
  it('an api and a worker say what is missing, and end', { timeout: TIMEOUT_MS }, async () => {
    const early = [fleet.start('api', SHARED), fleet.start('worker', SHARED)];

    const codes = await Promise.all(early.map(async ({ ended }) => (await ended).code));

    expect(codes).toEqual([5, 5]);
    for (const process of early) expect(process.stderr()).toMatch(/DatabaseOutdated[^]*starkeep migrate/);
  });

  it('four that migrate at once do it once', { timeout: TIMEOUT_MS }, async () => {
    const migrating = Array.from({ length: 4 }, () => fleet.start('migrate'));

    const codes = await Promise.all(migrating.map(async ({ ended }) => (await ended).code));

    expect(codes, migrating.map((process) => process.stderr()).join('\n')).toEqual([0, 0, 0, 0]);
    expect(migrating.filter((process) => process.stdout().includes('Migrations run'))).toHaveLength(1);
    expect(await countOf('migrations')).toBe((await migrationNames()).length);
  });
});

describe('two apis and three workers', { timeout: TIMEOUT_MS }, () => {
  it('start together, and mirror everything between them', async () => {
    for (const role of ['api', 'api', 'worker', 'worker', 'worker'] as const) join(role);
    await Promise.all(members.map((member) => member.current().ready()));

    await fleet.comesToRest(PATIENCE_MS);

    expect(ofRole('worker').map((worker) => transfersOf(worker) > 0)).toEqual([true, true, true]);
  });

  it('did once what is to be done once', async () => {
    const schedules: string[] = [];
    for await (const { scheduleId } of fleet.temporal.client.schedule.list()) schedules.push(scheduleId);

    expect(schedules.sort()).toEqual(['archive-histories', 'check-drift', 'reconcile-stars', 'watch-alerts']);
    // Each worker asks for it at its start; those that come while it is being read find it under way.
    expect(await overlapping('reconcileStars')).toEqual([]);
    expect(await countOf(`api_keys where origin = 'setting'`)).toBe(1);
    expect(await countOf(`audit_events where action = 'settings.recorded'`)).toBe(2);
  });

  it('take deliveries at either api, and each shows what the other took', async () => {
    const [one, other] = [at('api', 0), at('api', 1)];
    const url = await other.current().ready();
    const stream = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${FLEET_KEY}` } });
    const events = stream.body?.pipeThrough(new TextDecoderStream()).getReader();

    const [first, second] = await Promise.all([push(one, 0), push(other, 1)]);

    expect([first.status, second.status]).toEqual([202, 202]);
    let told = '';
    await eventually(async () => {
      told += (await events?.read())?.value ?? '';
      return told.includes(`github-${upstreams[0]?.upstream.id}`);
    }, PATIENCE_MS);
    await events?.cancel();
    await fleet.comesToRest(PATIENCE_MS);
  });

  it('let in at either api whoever has a key, or a session, of the other', async () => {
    const [one, other] = [await clientOf(at('api', 0)), await clientOf(at('api', 1))];
    const made = await answerOf(one.POST('/keys', { body: { name: 'Laptop of Ann', scope: 'operate' } }));
    const [urlOfOne, urlOfOther] = await Promise.all([at('api', 0), at('api', 1)].map((api) => api.current().ready()));
    const begun = await fetch(`${urlOfOne}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: made.key }),
    });
    const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const seen = async () => (await fetch(`${urlOfOther}/api/v1/mirrors`, { headers: { cookie } })).status;

    expect([begun.status, await seen()]).toEqual([201, 200]);
    await other.DELETE('/keys/{id}', { params: { path: { id: made.keyId } } });

    expect(await seen()).toBe(401);
  });

  it('share a batch, which ends although a worker is killed in it', async () => {
    const [one, other] = [await clientOf(at('api', 0)), await clientOf(at('api', 1))];
    const before = ofRole('worker').map(transfersOf);

    const { batch } = await answerOf(one.POST('/batches', { body: { selection: { kind: 'all' } } }));
    const progress = async () =>
      (await answerOf(other.GET('/batches/{id}', { params: { path: { id: batch.batchId } } }))).batch;
    // Whichever is served: it has to have had a part in it before it goes.
    const hadPart = () => transfersOf(at('worker', 0)) > (before[0] ?? 0);
    await eventually(async () => hadPart() && (await progress()).done > 5, PATIENCE_MS, 200);
    await at('worker', 0).current().kill();
    await eventually(async () => (await progress()).state !== 'running', PATIENCE_MS, 500);

    expect(await progress()).toMatchObject({ state: 'completed', total: REPOSITORIES, failed: 0 });
    expect(ofRole('worker').map((worker, index) => transfersOf(worker) > (before[index] ?? 0))).toEqual([
      true,
      true,
      true,
    ]);
    await at('worker', 0).revive();
  });

  it('go on without an api that is killed', async () => {
    await at('api', 0).current().kill();

    expect((await push(at('api', 1), 2)).status).toBe(202);

    await fleet.comesToRest(PATIENCE_MS);
    await at('api', 0).revive();
  });

  it('all start again by settings that are entered at one of them', async () => {
    const client = await clientOf(at('api', 0));
    const lives = members.map(({ codes }) => codes.length);
    const addresses = await Promise.all(ofRole('api').map((api) => api.current().ready()));
    expect(addresses).toHaveLength(2);

    await answerOf(client.POST('/settings', { body: { settings: { STARKEEP_LFS: 'off' } } }));
    await eventually(() => members.every(({ codes }, index) => codes.length > (lives[index] ?? 0)), PATIENCE_MS);
    await Promise.all(members.map((member) => member.current().ready()));

    expect(members.map(({ codes }) => codes.at(-1))).toEqual([75, 75, 75, 75, 75]);
    for (const api of ofRole('api')) {
      const { settings, isBehind } = await answerOf((await clientOf(api)).GET('/settings'));
      expect(settings.find(({ name }) => name === 'STARKEEP_LFS')?.value).toBe('off');
      expect(isBehind).toBe(false);
    }
    expect((await push(at('api', 0), 3)).status).toBe(202);
    await fleet.comesToRest(PATIENCE_MS);
  });
});

/** Somebody pushes to a repository, which several mirrors may share the content of. */
async function push(api: Member, index: number) {
  const { repo } = upstreams[index] as { repo: Repo };
  const after = await commit(repo, { branch: 'main', message: `change ${index}` });
  const url = `${await api.current().ready()}/webhooks/github`;
  // All that have this content.
  const sharing = upstreams.filter((one) => one.repo === repo);
  const answers = [];
  for (const { upstream } of sharing) {
    const payload = fleet.github.payloads.push(upstream, { after });
    answers.push(await fleet.github.deliver(url, 'push', payload, { secret: WEBHOOK_SECRET }));
    await wait(0);
  }
  return answers.find(({ status }) => status !== 202) ?? (answers[0] as (typeof answers)[number]);
}

/** Runs of a workflow that were under way at the same time. */
async function overlapping(type: string): Promise<string[]> {
  const runs: { id: string; from: number; to: number }[] = [];
  for await (const run of fleet.temporal.client.workflow.list({ query: `WorkflowType="${type}"` })) {
    runs.push({ id: run.runId, from: run.startTime.getTime(), to: run.closeTime?.getTime() ?? Date.now() });
  }
  runs.sort((a, b) => a.from - b.from);
  return runs.filter(({ from }, index) => index > 0 && from < (runs[index - 1]?.to ?? 0)).map(({ id }) => id);
}
