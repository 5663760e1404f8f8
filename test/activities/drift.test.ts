import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { createCloneTransfer } from '../../src/adapters/git/clone.ts';
import { mirrorIdOf, type SyncReport } from '../../src/domain/model.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import type { StandinRepository } from '../standins/github.ts';
import { commit, createRepo, readRef, refsOf, setRefs, type Repo } from '../support/repo.ts';
import { withWorld } from './world.ts';

/** Somebody changed OneDev: real git on both sides, between two syncs. */

const world = withWorld();

let folder: string;
let source: Repo;
let repository: StandinRepository;
let activities: Activities;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drift-'));
  const transfer = createCloneTransfer({ cacheDir: join(folder, 'cache'), redact: createRedactor([]) });
  activities = world.activities({ transfer });
  source = await createRepo(join(folder, 'source.git'), { branches: ['topic'], tags: 1 });
  repository = world.star('ada/engine');
  repository.gitDir = source.dir;
  await world.run(activities.fetchMetadata, {
    ...ids(),
    repoId: repository.id,
    fullName: 'ada/engine',
    claims: 'starred',
    requested: false,
  });
  await sync();
});

afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const ids = () => ({ mirrorId: mirrorIdOf(repository.id), correlationId: 'drift-1' });

let runs = 0;
async function recorded(report: SyncReport): Promise<SyncReport> {
  const run = { workflowId: 'w', runId: `run-${(runs += 1)}`, attempt: 1, startedAt: new Date().toISOString() };
  const of = { repoId: repository.id, fullName: 'ada/engine', trigger: 'batch' as const };
  await world.run(activities.record, { kind: 'synced', report, ...ids(), ...of, ...run });
  return report;
}

/** As the mirror's workflow does it; `force` as a drift check that repairs. */
async function sync(force = false): Promise<SyncReport> {
  const { remade } = await world.run(activities.ensureProject, ids());
  const report = await world.run(activities.transfer, { ...ids(), force });
  return recorded(remade ? { ...report, drift: { refs: 0, names: [], projectMissing: true } } : report);
}

const compare = () => world.run(activities.compareSides, ids());

function target(): Repo {
  const project = world.onedev.project('github/ada/engine');
  if (!project) throw new Error('OneDev has no project of it');
  return { dir: project.gitDir };
}

const mirrored = async (repo: Repo) =>
  Object.fromEntries(Object.entries(await refsOf(repo)).filter(([name]) => /^refs\/(?:heads|tags)\//.test(name)));

const note = async () => {
  const [row] = await world.store.db.query('select drift_note, last_compared_at from mirrors');
  return row;
};

/** What a person does to the mirror on OneDev. */
const CHANGES: Record<string, { by: () => Promise<unknown>; names: string[] }> = {
  'a deleted branch': {
    by: () => setRefs(target(), [{ name: 'refs/heads/topic', oid: null }]),
    names: ['refs/heads/topic'],
  },
  'a foreign push': { by: () => commit(target(), { branch: 'main' }), names: ['refs/heads/main'] },
  'a branch and a tag of their own': {
    by: async () => {
      const oid = await readRef(target(), 'refs/heads/main');
      await setRefs(target(), [
        { name: 'refs/heads/mine', oid },
        { name: 'refs/tags/mine', oid },
      ]);
    },
    names: ['refs/heads/mine', 'refs/tags/mine'],
  },
};

describe('drift that is repaired', () => {
  it.each(Object.entries(CHANGES))('%s is put right, and said to be drift', async (_, { by, names }) => {
    await by();

    const report = await sync(true);

    expect(report).toMatchObject({ outcome: 'changed', compared: true, drift: { refs: names.length } });
    expect(await mirrored(target())).toEqual(await mirrored(source));
    expect(world.logged.join()).toContain('OneDev differed and was repaired');
    expect((await note())?.['drift_note']).toMatch(/was repaired on/);
  });

  it('a project that was removed is made anew and filled', async () => {
    await world.onedev.remove('github/ada/engine');

    const report = await sync(true);

    expect(report).toMatchObject({ outcome: 'changed', drift: { projectMissing: true } });
    expect(await mirrored(target())).toEqual(await mirrored(source));
    expect(world.logged.join()).toContain('project was missing on OneDev and is made anew');
  });

  it('a push upstream is no drift, nor is a comparison that finds both sides equal', async () => {
    const same = await sync(true);
    await commit(source);
    const pushed = await sync(true);

    expect(same).toMatchObject({ outcome: 'unchanged', compared: true });
    expect(pushed).toMatchObject({ outcome: 'changed' });
    expect([same.drift, pushed.drift]).toEqual([undefined, undefined]);
    expect((await note())?.['drift_note']).toBeNull();
  });

  it('is not looked for by a sync that finds the source as it was', async () => {
    await CHANGES['a deleted branch']?.by();

    const report = await sync(false);

    expect(report).toMatchObject({ outcome: 'unchanged' });
    expect(report.compared).toBeUndefined();
  });
});

describe('drift that is reported', () => {
  it.each(Object.entries(CHANGES))('%s is named and left as it is', async (_, { by, names }) => {
    await by();
    const before = await refsOf(target());

    const report = await compare();
    if (report) await recorded(report);

    expect(report).toMatchObject({ outcome: 'unchanged', compared: true, drift: { refs: names.length, names } });
    expect(await refsOf(target())).toEqual(before);
    expect((await note())?.['drift_note']).toContain(names[0]);
    expect((await world.store.mirror(repository.id)).status).toBe('completed');
  });

  it('a project that was removed is said to be missing, and not made anew', async () => {
    await world.onedev.remove('github/ada/engine');

    const report = await compare();

    expect(report).toMatchObject({ outcome: 'unchanged', drift: { refs: 3, projectMissing: true } });
    expect(world.onedev.project('github/ada/engine')).toBeUndefined();
  });

  it('is dated and says nothing when both sides are equal', async () => {
    const report = await compare();
    if (report) await recorded(report);

    expect(report).toMatchObject({ outcome: 'unchanged', compared: true });
    expect(report?.drift).toBeUndefined();
    expect(await note()).toMatchObject({ drift_note: null, last_compared_at: expect.any(Date) as Date });
  });

  it('does not count archived tips and the refs of OneDev itself', async () => {
    const oid = await readRef(target(), 'refs/heads/main');
    await setRefs(target(), [
      { name: 'refs/starkeep/2026-01-01T000000Z/topic', oid },
      { name: 'refs/pulls/1/head', oid },
    ]);

    expect((await compare())?.drift).toBeUndefined();
  });

  it('does not count what OneDev would not take at the last sync', async () => {
    const oid = await readRef(source, 'refs/heads/main');
    await setRefs(source, [{ name: 'refs/tags/v1+k3s1', oid }]);
    world.onedev.addProtection('github/ada/engine', { tag: 'v1+k3s1', reason: 'no plus signs here' });
    const synced = await sync();

    const report = await compare();

    expect(synced.declined.map(({ name }) => name)).toEqual(['refs/tags/v1+k3s1']);
    expect(report).toMatchObject({ outcome: 'unchanged' });
    expect(report?.drift).toBeUndefined();
  });

  it('is no question once upstream has changed: then a sync is due', async () => {
    await commit(source);

    expect(await compare()).toBeNull();
  });

  it('is no question of a mirror that was never filled', async () => {
    await world.store.db.query('update mirrors set source_digest = null');

    expect(await compare()).toBeNull();
  });
});
