import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { listenForChanges } from '../../../src/adapters/postgres/changes.ts';
import { createDatabase, type Pool } from '../../../src/adapters/postgres/database.ts';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';
import { createReplica, LONG_BEHIND_MS, type Replica } from '../../../src/adapters/postgres/replica.ts';
import { createStore, lookingAt, type Store } from '../../../src/adapters/postgres/store.ts';
import { createLooks } from '../../../src/api/looks.ts';
import { mirrorsCsv } from '../../../src/api/v1/mirrors-csv.ts';
import type { Finding } from '../../../src/commands/doctor.ts';
import { NO_FILTER } from '../../../src/domain/overview.ts';
import { run, start } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { type Cluster, startCluster } from '../../support/standby.ts';
import { repository } from './test-store.ts';

/** A real primary with a real streaming standby, which is told when to show what it got. */

let cluster: Cluster;
let primary: Pool;
let store: Store;

beforeAll(async () => {
  cluster = await startCluster();
  await migrate(cluster.primaryUrl);
  primary = createDatabase({ url: cluster.primaryUrl, applicationName: 'test', maxConnections: 5 });
  store = createStore(primary);
  const { accountId } = await store.accounts.save({ externalId: '41', login: 'ann' });
  await store.mirrors.saveUpstream(accountId, repository('7', { fullName: 'ada/engine' }), true, false);
}, 120_000);

afterAll(async () => {
  await primary?.close();
  await cluster?.stop();
}, 60_000);

const describeMirror = (note: string) =>
  primary.query(`update mirrors set status_note = $1 where mirror_id = 'github-7'`, [note]);

/** What nobody is told of. */
const changeUnheard = (text: string) =>
  primary.query(`update mirrors set description = $1 where mirror_id = 'github-7'`, [text]);

interface Reader {
  replica: Replica;
  /** Who answered each look, and what was said of the replica. */
  answered: ('replica' | 'primary')[];
  said: string[];
  lag: (number | null)[];
  /** Changes heard so far. */
  heard: () => number;
  later: (ms: number) => void;
  /** Who answers a request that merely looks. */
  whoAnswers: (method?: 'GET' | 'POST') => Promise<string>;
  note: () => Promise<string | null>;
  app: Hono;
  close: () => Promise<void>;
}

/** An api as far as it reads. */
function createReader(url: string): Reader {
  const [answered, said, lag]: [Reader['answered'], string[], Reader['lag']] = [[], [], []];
  let time = 0;
  let heard = 0;
  const looks = createLooks(() => replica.changed());
  const replica = createReplica({
    url,
    primary,
    applicationName: 'reads',
    isLook: looks.underWay,
    onRead: (from) => answered.push(from),
    onLag: (seconds) => lag.push(seconds),
    onTrouble: (reason) => said.push(reason),
    onBack: () => said.push('back'),
    now: () => time,
  });
  const { overview } = lookingAt(store, replica);
  const listening = listenForChanges(cluster.primaryUrl, {
    onListening: replica.hears,
    onChange: () => {
      replica.changed();
      heard += 1;
    },
    onGap: () => undefined,
    onTrouble: replica.isDeaf,
  });
  const app = new Hono();
  app.use(looks.apart);
  app.on(['GET', 'POST'], '/who', async (c) => {
    const [row] = await replica.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
    return c.text(row?.standby === true ? 'replica' : 'primary');
  });
  app.get('/note', async (c) => c.json((await overview.mirror('github-7'))?.note ?? null));
  app.get('/csv', async (c) => c.body(await mirrorsCsv(overview, NO_FILTER, 'name')));
  app.get('/unlogged', async (c) => c.json(await replica.query('select count(*)::int as count from changes')));
  return {
    ...{ replica, answered, said, lag, app },
    heard: () => heard,
    later: (ms) => (time += ms),
    whoAnswers: async (method = 'GET') => (await app.request('/who', { method })).text(),
    note: async () => (await app.request('/note')).json() as Promise<string | null>,
    close: async () => {
      await listening.stop();
      await replica.close();
    },
  };
}

describe('a read replica', () => {
  let reader: Reader;

  beforeEach(async () => {
    reader = createReader(cluster.standbyUrl);
    // One that is slow to answer the first time is left alone until the next look at it.
    await eventually(async () => {
      if ((await reader.whoAnswers()) === 'replica') return true;
      await reader.replica.look();
      return false;
    });
    reader.said.length = 0;
    reader.lag.length = 0;
  });

  afterEach(async () => {
    await cluster.resume();
    await reader.close();
  });

  it('answers whoever looks, and nobody else', async () => {
    reader.answered.length = 0;

    expect(await reader.whoAnswers('POST')).toBe('primary');
    // Outside of any request, too: a watch, a decision.
    expect(await reader.replica.query('select pg_is_in_recovery() as standby')).toEqual([{ standby: false }]);
    expect(reader.answered).toEqual([]);
  });

  it('is left alone from the moment a change is heard that it lacks, until it has it', async () => {
    await cluster.pause();
    expect(await reader.whoAnswers()).toBe('replica');
    const before = reader.heard();

    await describeMirror('changed while it was paused');
    await eventually(() => reader.heard() > before);

    expect(await reader.whoAnswers()).toBe('primary');
    expect(await reader.note()).toBe('changed while it was paused');
    await cluster.resume();
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
    expect(await reader.note()).toBe('changed while it was paused');
    expect(reader.answered.at(-1)).toBe('replica');
    expect(reader.said).toEqual([]);
  });

  it('is left alone after a request that may have changed something, until it has what that did', async () => {
    await cluster.pause();
    await changeUnheard('by a request');

    await reader.whoAnswers('POST');

    expect(await reader.whoAnswers()).toBe('primary');
    await cluster.resume();
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
  });

  it('has to have what nobody was told of, too, from the next look at it on', async () => {
    await cluster.pause();
    await changeUnheard('unheard');

    const before = await reader.whoAnswers();
    await reader.replica.look();

    expect([before, await reader.whoAnswers()]).toEqual(['replica', 'primary']);
  });

  it('is left alone while changes are not heard, and until it has what they may have been', async () => {
    reader.replica.isDeaf();
    const deaf = await reader.whoAnswers();
    await cluster.pause();
    await changeUnheard('not heard');

    reader.replica.hears();

    expect([deaf, await reader.whoAnswers()]).toEqual(['primary', 'primary']);
    await cluster.resume();
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
  });

  it('answers all pages of what is sent while it is read', async () => {
    const { accountId } = await store.accounts.save({ externalId: '41', login: 'ann' });
    const many = Array.from({ length: 600 }, (_, index) => repository(String(1_000 + index)));
    const before = reader.heard();
    await store.mirrors.saveStarPage(accountId, many);
    await eventually(() => reader.heard() > before);
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
    reader.answered.length = 0;

    const csv = await (await reader.app.request('/csv')).text();

    expect(csv.trim().split('\r\n')).toHaveLength(602);
    expect(reader.answered.length).toBeGreaterThan(1);
    expect(reader.answered).not.toContain('primary');
    await primary.query(`delete from mirrors where mirror_id <> 'github-7'`);
  });

  it('that cannot answer one thing is not in trouble: the primary answers it', async () => {
    const answer = await reader.app.request('/unlogged');

    expect(answer.status).toBe(200);
    expect(reader.answered.at(-1)).toBe('primary');
    expect(await reader.whoAnswers()).toBe('replica');
    expect(reader.said).toEqual([]);
  });

  it('that is behind for long is said to be, once, and used again when it has caught up', async () => {
    await cluster.pause();
    await changeUnheard('and then nothing more');
    await reader.replica.look();
    reader.later(LONG_BEHIND_MS - 1_000);
    await reader.replica.look();
    const before = [...reader.said];

    reader.later(1_000);
    await reader.replica.look();
    await reader.replica.look();

    expect(before).toEqual([]);
    expect(reader.said).toEqual(['it has lacked what the primary wrote for 30 s']);
    expect(reader.lag).toEqual([0, 29, 30, 30]);
    expect(await reader.whoAnswers()).toBe('primary');
    await cluster.resume();
    await reader.replica.look();
    expect(reader.said.at(-1)).toBe('back');
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
  });

  it('that ends is not noticed by anybody who asks; it is said once, and once that it is back', async () => {
    await cluster.stopStandby();
    try {
      const answers = await Promise.all(Array.from({ length: 8 }, () => reader.whoAnswers()));
      await reader.replica.look();

      expect(new Set(answers)).toEqual(new Set(['primary']));
      expect(reader.said).toEqual([expect.stringMatching(/^Postgres: /)]);
      expect(reader.lag).toEqual([null]);
    } finally {
      await cluster.startStandby();
    }
    await reader.replica.look();

    expect(reader.said.slice(1)).toEqual(['back']);
    await eventually(async () => (await reader.whoAnswers()) === 'replica');
  });
});

describe('what is no replica', () => {
  let silent: Server;

  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(() => new Promise((closed) => silent.close(closed)));

  it.each([
    ['the primary itself', () => cluster.primaryUrl, 'it is not in recovery, so it is no standby'],
    [
      'another database of the cluster',
      () => cluster.standbyUrl.replace(/[^/]+$/, 'postgres'),
      'it is not a standby of the database of DATABASE_URL',
    ],
    ['another cluster', () => inject('postgresUrl'), 'it is not a standby of the database of DATABASE_URL'],
    [
      'a server that says nothing',
      () => `postgres://u:pass-word@127.0.0.1:${(silent.address() as { port: number }).port}/d`,
      expect.stringMatching(/timeout/),
    ],
  ])('is not used: %s', async (_, urlOf, reason) => {
    const reader = createReader(urlOf());
    try {
      await eventually(async () => {
        expect(await reader.whoAnswers()).toBe('primary');
        return reader.said.length > 0;
      });

      expect(reader.said).toEqual([reason]);
      expect(reader.answered).not.toContain('replica');
    } finally {
      await reader.close();
    }
  });
});

describe('a primary that does not say how far it has written', () => {
  it('answers everything itself, and that is said', async () => {
    const standby = createDatabase({ url: cluster.standbyUrl, applicationName: 'test', maxConnections: 1 });
    const said: string[] = [];
    const none = () => undefined;
    const replica = createReplica({
      ...{ url: cluster.standbyUrl, primary: standby, applicationName: 'reads', isLook: () => true },
      ...{ onRead: none, onLag: none, onTrouble: (reason) => said.push(reason), onBack: none },
    });
    try {
      replica.hears();
      await replica.look();

      expect(await replica.query('select 1 as one')).toEqual([{ one: 1 }]);
      expect(said).toEqual([expect.stringMatching(/^the primary does not say .*recovery is in progress/)]);
    } finally {
      await Promise.all([replica.close(), standby.close()]);
    }
  });
});

describe('an api with DATABASE_READ_URL', () => {
  const settings = () => ({
    DATABASE_URL: cluster.primaryUrl,
    DATABASE_READ_URL: cluster.standbyUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    STARKEEP_ADMIN_KEY: 'the-key-of-this-api',
    STARKEEP_DATA_DIR: tmpdir(),
    STARKEEP_PORT: '0',
  });

  it('shows a change to whoever was just told of it, and does without the replica when it ends', async () => {
    const api = start(['api'], settings());
    const logged = () =>
      api
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, string>);
    const said = (message: string) => logged().filter(({ msg }) => msg === message).length;
    await eventually(() => said('api listens') === 1);
    const url = logged().find(({ msg }) => msg === 'api listens')?.['url'] ?? '';
    const ask = (path: string) => fetch(`${url}${path}`, { headers: { authorization: 'Bearer the-key-of-this-api' } });
    const reads = async (from: string) => {
      const text = await (await ask('/metrics')).text();
      return Number(new RegExp(`^starkeep_read_replica_reads_total\\{from="${from}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    const note = async () => ((await (await ask('/api/v1/mirrors/github-7')).json()) as { note: string }).note;
    const isFromReplica = async () => {
      const before = await reads('replica');
      await note();
      return (await reads('replica')) > before;
    };
    await eventually(isFromReplica);

    await cluster.pause();
    const events = (await ask('/api/v1/events')).body?.pipeThrough(new TextDecoderStream()).getReader();
    // The stream has begun once its first words are there.
    await events?.read();
    await describeMirror('told of as it happens');
    let told = '';
    while (!told.includes('github-7')) told += (await events?.read())?.value ?? '';
    const shown = await note();
    await events?.cancel();

    expect(shown).toBe('told of as it happens');
    await cluster.resume();
    await eventually(isFromReplica);
    const [trouble, back] = [
      'everything is read from the primary: the read replica cannot be used',
      'the read replica is used again',
    ];
    const before = [said(trouble), said(back)];
    await cluster.stopStandby();
    try {
      expect([await note(), await note()]).toEqual([shown, shown]);
      expect(said(trouble)).toBe((before[0] ?? 0) + 1);
    } finally {
      await cluster.startStandby();
    }
    await eventually(() => said(back) === (before[1] ?? 0) + 1);
    await eventually(isFromReplica);

    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
    expect(api.stdout() + api.stderr()).not.toContain(decodeURIComponent(new URL(cluster.standbyUrl).password));
  });

  it('is examined by the doctor', async () => {
    const examined = async (changes: Record<string, string> = {}) => {
      const { stdout } = await run(['doctor', '--json'], { ...settings(), ...changes });
      return (JSON.parse(stdout) as Finding[]).find(({ what }) => what === 'read replica');
    };
    const well = await examined();
    await cluster.pause();
    await changeUnheard('the doctor comes');
    const behind = await examined();
    await cluster.resume();
    const none = await examined({ DATABASE_READ_URL: cluster.primaryUrl });

    expect(well).toMatchObject({
      state: 'ok',
      says: expect.stringMatching(/^version \d+.*, has what the primary wrote within \d+ ms$/) as string,
    });
    expect(behind).toMatchObject({
      state: 'warning',
      says: expect.stringMatching(/lacks \d+ kB .* did not catch up in 2 s; until then/) as string,
    });
    expect(none).toMatchObject({ state: 'warning', says: expect.stringContaining('it is not in recovery') as string });
  });
});
