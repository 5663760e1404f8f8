import { readFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { createStreamTransfer } from '../../src/adapters/git/stream.ts';
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { createStore } from '../../src/adapters/postgres/store.ts';
import { backup, restoreFrom } from '../../src/commands/backup.ts';
import { listUnclaimed } from '../../src/commands/unclaimed.ts';
import { loadConfig } from '../../src/config.ts';
import type { StarsRead, StarsRequest } from '../../src/domain/record.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { withWorld } from '../activities/world.ts';
import type { StandinRepository } from '../standins/github.ts';
import { withDatabase } from '../support/postgres.ts';
import { commit, createRepo, refsOf, type Repo, setRefs } from '../support/repo.ts';

/**
 * The record is lost, with a backup and without one. GitHub, OneDev, Postgres and git are real or the stand-ins; what the workflows do with an event is
 * done here, one after the other.
 */

const world = withWorld();
const { store } = world;
const transfer = createStreamTransfer({ redact: (text) => text });
let dir: string;
let count = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backup-'));
});
beforeEach(() => void (count += 1));
afterAll(async () => {
  transfer.close();
  await rm(dir, { recursive: true, force: true });
});

/** An empty database, as after everything was lost. */
function withNewDatabase() {
  const database = withDatabase('empty');
  let db: Database | null = null;
  const opened = () => (db ??= createDatabase({ url: database.url, applicationName: 'test' }));
  afterEach(async () => {
    await db?.query('drop schema public cascade');
    await db?.query('create schema public');
  });
  afterAll(() => db?.close());
  return {
    get url() {
      return database.url;
    },
    db: opened,
    activities: () => world.activities({ ...createStore(opened()), transfer }),
  };
}

const lost = withNewDatabase();

async function starred(fullName: string): Promise<StandinRepository> {
  const { dir: gitDir } = await createRepo(join(dir, `${count}-${fullName.replace('/', '-')}.git`), {
    commits: 2,
    tags: 1,
  });
  return world.star(fullName, { gitDir });
}

/** What the mirror's workflow does with an event, as long as nothing fails. */
async function pass(activities: Activities, { repoId, fullName, kind }: RepoEvent) {
  const ids = { mirrorId: mirrorIdOf(repoId), correlationId: 'test' };
  const claims = kind === 'unstarred' ? 'unstarred' : 'starred';
  const metadata = await world.run(activities.fetchMetadata, {
    ...ids,
    fullName,
    repoId,
    claims,
    requested: false,
  } as const);
  if (!metadata.wanted) return;
  await world.run(activities.ensureProject, ids);
  const report = await world.run(activities.transfer, { ...ids, force: true });
  const attempt = { attempt: 1, trigger: 'reconcile', startedAt: new Date().toISOString(), repoId, fullName } as const;
  const workflow = { workflowId: `mirror-github-${repoId}`, runId: `run-${world.control.events.length}-${repoId}` };
  await world.run(activities.record, { kind: 'synced', report, ...ids, ...workflow, ...attempt });
}

/** A complete reading of the star list, and everything it sets off. */
async function reconcile(activities: Activities, correlationId: string) {
  world.control.events.length = 0;
  const { readingId, kind } = await world.run(activities.beginReading, { correlationId, full: true });
  const tally = { pages: 0, seen: 0, total: null as number | null, flaws: [] };
  let cursor: string | null = null;
  do {
    const request: StarsRequest = { correlationId, readingId, list: 'sweep', pushedUntil: null, cursor };
    const page: StarsRead = await world.run(activities.readStars, request);
    Object.assign(tally, { pages: tally.pages + 1, seen: tally.seen + page.seen, total: page.total });
    cursor = page.next;
  } while (cursor !== null);
  const summary = await world.run(activities.endReading, { correlationId, readingId, kind, tally, signalled: 0 });
  for (const event of world.control.events.splice(0)) await pass(activities, event);
  return summary;
}

const projects = () =>
  world.onedev
    .projects()
    .map(({ id, path }) => `${id} ${path}`)
    .sort();
const mirrored = (path: string): Repo => ({ dir: world.onedev.project(path)?.gitDir ?? '' });
const headsAndTags = async (repo: Repo) =>
  Object.entries(await refsOf(repo)).filter(([name]) => /^refs\/(?:heads|tags)\//.test(name));

const configOf = (databaseUrl: string) =>
  loadConfig({ DATABASE_URL: databaseUrl, ONEDEV_URL: world.onedev.url, ONEDEV_TOKEN: world.onedev.token }, 'none');

function output() {
  const lines: string[] = [];
  return { lines, out: { print: (line: string) => void lines.push(line), width: null } };
}

/** What a backup is to bring back: who is where. */
const identity = async (db: Database) =>
  db.query('select mirror_id, full_name, project_id, project_path from mirrors order by mirror_id');

describe('with a backup', () => {
  it('everything is the same afterwards: mirrors, projects and their paths; nothing is made, pushed or deleted', async () => {
    const activities = world.activities({ transfer });
    const kept = await starred('ada/engine');
    await starred('bea/compiler');
    await reconcile(activities, 'first');
    await store.deliveries.take({
      ...{ guid: `backup-${count}`, hookId: null, bodySha256: 'x', event: 'ping', action: null, repoId: null },
      ...{ fullName: null, correlationId: 'c', repoEvent: null, ignoredReason: 'a ping' },
    });
    await store.audit.takeInDeliveries(100);
    const file = join(dir, `record-${count}.gz`);
    await backup(configOf(store.database.url), file, { by: 'ann' }, output().out);
    const [before, placesBefore] = [await identity(store.db), projects()];
    const [head] = await store.audit.read({ limit: 1 });
    world.onedevWrites();
    world.onedev.refUpdates.length = 0;

    const said = output();
    await restoreFrom(configOf(lost.url), file, { by: 'bea' }, said.out);
    const restored = createStore(lost.db());
    const summary = await reconcile(lost.activities(), 'second');

    expect(said.lines.join('\n')).toContain(`the last with hash ${head?.hash}`);
    expect(await identity(lost.db())).toEqual(before);
    expect(projects()).toEqual(placesBefore);
    expect([world.onedev.refUpdates, world.onedevWrites().filter((write) => !write.includes('git-'))]).toEqual([
      [],
      [],
    ]);
    expect(summary).toMatchObject({ kind: 'sweep', absent: 0, conclusion: 'nothing' });
    expect(await lost.db().query(`select status from mirrors`)).toEqual([
      { status: 'completed' },
      { status: 'completed' },
    ]);
    expect(await restored.overview.delivery(`backup-${count}`)).toMatchObject({ outcome: 'ignored' });
    expect(await restored.audit.verify()).toMatchObject({ intact: true });
    expect(await restored.audit.read({ limit: 1, action: 'backup.restored' })).toMatchObject([{ actor: 'bea' }]);
    expect(await restored.mirrors.get(mirrorIdOf(kept.id))).toMatchObject({ starred: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('a deletion that was pending is called off and asked about anew; ids go on where they were', async () => {
    const activities = world.activities({ transfer });
    const repository = await starred('ada/engine');
    await reconcile(activities, 'first');
    const mirrorId = mirrorIdOf(repository.id);
    const ids = { mirrorId, correlationId: 'c', workflowId: 'w', runId: 'r' };
    const request = {
      kind: 'deletion_requested',
      policy: 'delete',
      proof: 'seen',
      dueAt: new Date().toISOString(),
    } as const;
    const { deletion } = await world.run(activities.record, { ...request, ...ids });
    const file = join(dir, `record-${count}.gz`);
    await backup(configOf(store.database.url), file, { by: 'ann' }, output().out);

    await restoreFrom(configOf(lost.url), file, { by: 'ann' }, output().out);

    const restored = createStore(lost.db());
    expect(await restored.deletions.get(deletion?.deletionId ?? '')).toMatchObject({ state: 'cancelled' });
    expect(await restored.mirrors.get(mirrorId)).toMatchObject({ status: 'pending', starred: true, deleteAt: null });
    expect(await restored.overview.openDeletions()).toEqual([]);
    const again = await restored.record.write(store.account.accountId, { ...request, ...ids });
    expect(Number(again.deletion?.deletionId)).toBe(Number(deletion?.deletionId) + 1);
  });

  it('goes into an empty database only, and a file that is not whole changes nothing', async () => {
    await reconcile(world.activities({ transfer }), 'first');
    const file = join(dir, `record-${count}.gz`);
    await backup(configOf(store.database.url), file, { by: 'ann' }, output().out);
    const whole = gunzipSync(await readFile(file)).toString('utf8');
    const restore = async (text: Buffer | string) => {
      await writeFile(join(dir, 'changed.gz'), typeof text === 'string' ? gzipSync(text) : text);
      return restoreFrom(configOf(lost.url), join(dir, 'changed.gz'), { by: 'ann' }, output().out);
    };

    await expect(restore((await readFile(file)).subarray(0, 300))).rejects.toMatchObject({ kind: 'BackupUnusable' });
    await expect(restore(whole.split('\n').slice(0, -2).join('\n'))).rejects.toThrow('it ends before its last line');
    await expect(restore('{"some":"other file"}\n')).rejects.toThrow('it is no backup of Starkeep');
    await expect(restore(whole.replace('"0001_record"', '"9999_later"'))).rejects.toThrow(
      '9999_later this version does not',
    );
    await expect(backup(configOf(store.database.url), file, { by: 'ann' }, output().out)).rejects.toThrow(
      'is there already',
    );
    expect(await lost.db().query(`select count(*)::int as n from accounts`)).toEqual([{ n: 0 }]);

    await restore(whole);
    await expect(restore(whole)).rejects.toThrow('the database is not empty');
  });

  it('of an older version is brought up to date', async () => {
    await migrate(lost.url, { upTo: 7 });
    await lost.db().query(`insert into accounts (account_id, provider, external_id, login)
      select 'github-1', 'github', '1', 'ann' where exists (select from pg_class where relname = 'deliveries')`);
    const old = join(dir, `old-${count}.gz`);
    const { writeBackup } = await import('../../src/adapters/postgres/backup.ts');
    const lines: string[] = [];
    await writeBackup(lost.db(), '0.0.9', async (line) => void lines.push(line));
    await writeFile(old, gzipSync(`${lines.join('\n')}\n`));
    await lost.db().query('drop schema public cascade');
    await lost.db().query('create schema public');

    await restoreFrom(configOf(lost.url), old, { by: 'ann' }, output().out);

    expect(await lost.db().query('select account_id from accounts')).toEqual([{ account_id: 'github-1' }]);
    expect(await lost.db().query('select count(*)::int as n from workflow_histories')).toEqual([{ n: 0 }]);
  });
});

describe('without a backup', () => {
  it('projects are found by their marker, also those renamed meanwhile; what is unstarred is left and named', async () => {
    const activities = world.activities({ transfer });
    const plain = await starred('ada/engine');
    const renamed = await starred('bea/compiler');
    const moved = await starred('cyd/parser');
    const unstarred = await starred('dee/linker');
    await reconcile(activities, 'first');
    const before = projects();
    const refsBefore = await Promise.all(before.map((line) => headsAndTags(mirrored(line.split(' ')[1] ?? ''))));
    // Upstream went on while the record was lost, and a person moved something on OneDev.
    world.github.renameRepository(renamed, 'bea/optimizer');
    world.github.unstar(unstarred);
    const target = world.target();
    const other = await target.ensureProject({
      ...{ mirrorId: 'github-1', fullName: 'zoe/elsewhere', description: null, htmlUrl: '', known: null },
    });
    await target.deleteProject('github-1', other);
    world.onedev.refUpdates.length = 0;
    await migrate(lost.url);

    const summary = await reconcile(lost.activities(), 'second');
    const said = output();
    await listUnclaimed(configOf(lost.url), {}, said.out);

    const rows = await identity(lost.db());
    const idOf = (path: string) => before.find((line) => line.endsWith(` ${path}`))?.split(' ')[0];
    expect(rows.map((row) => [row['full_name'], row['project_id'], row['project_path']])).toEqual([
      ['ada/engine', idOf('github/ada/engine'), 'github/ada/engine'],
      ['bea/optimizer', idOf('github/bea/compiler'), 'github/bea/optimizer'],
      ['cyd/parser', idOf('github/cyd/parser'), 'github/cyd/parser'],
    ]);
    expect(rows.map((row) => row['mirror_id'])).toEqual([plain, renamed, moved].map(({ id }) => mirrorIdOf(id)));
    expect(projects().map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining(before.map((line) => line.split(' ')[0])),
    );
    expect(world.onedev.refUpdates).toEqual([]);
    const after = before.map((line) => (line.split(' ')[1] ?? '').replace('bea/compiler', 'bea/optimizer'));
    expect(await Promise.all(after.map((path) => headsAndTags(mirrored(path))))).toEqual(refsBefore);
    expect(world.onedev.project('github/dee/linker')).toBeDefined();
    expect(summary).toMatchObject({ absent: 0, conclusion: 'nothing' });
    expect(said.lines.join('\n')).toContain(`github/dee/linker   ${mirrorIdOf(unstarred.id)}`);
    expect(said.lines.join('\n')).toContain("1 project with Starkeep's marker and without a mirror, left as they are");
    expect(world.logged.join()).toContain('marked projects without a mirror are left as they are');
    const adopted = await createStore(lost.db()).audit.read({ action: 'project.*', limit: 10 });
    expect(adopted.map(({ action }) => action)).toEqual(Array(3).fill('project.adopted'));
  });

  it('what upstream pushed meanwhile is all that is pushed, and a rewritten branch is kept as ever', async () => {
    const engine = await starred('ada/engine');
    await reconcile(world.activities({ transfer }), 'first');
    const source: Repo = { dir: engine.gitDir ?? '' };
    await commit(source, { branch: 'main', parent: null, message: 'begun anew' });
    await setRefs(source, [{ name: 'refs/tags/v0.1.0', oid: null }]);
    await migrate(lost.url);

    await reconcile(lost.activities(), 'second');

    const names = Object.keys(await refsOf(mirrored('github/ada/engine')));
    expect(await headsAndTags(mirrored('github/ada/engine'))).toEqual(await headsAndTags(source));
    expect(names.filter((name) => name.startsWith('refs/starkeep/')).length).toBeGreaterThan(0);
  });
});
