import { describe, expect, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { markerIn } from '../../src/domain/names.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { StandinRepository } from '../standins/github.ts';
import { died, failureOf, withMethods, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

/** A row, and nothing on OneDev yet. */
async function known(fullName: string, description: string | null = null): Promise<StandinRepository> {
  const repository = world.star(fullName, { description });
  await look(repository);
  return repository;
}

/** What a sync does first: the facts of today go into the record. */
async function look({ id, fullName }: StandinRepository): Promise<void> {
  const asked = { mirrorId: mirrorIdOf(id), correlationId: 'c', repoId: id, fullName, claims: 'nothing' } as const;
  await world.run(world.activities().fetchMetadata, { ...asked, requested: false });
}

const ensureProject = ({ id }: StandinRepository, activities: Activities = world.activities()) =>
  world.run(activities.ensureProject, { mirrorId: mirrorIdOf(id), correlationId: 'delivery-1' });

/** An attempt that makes the project and dies before the record hears of it. */
async function dieBeforeRecording(repository: StandinRepository): Promise<void> {
  const mirrors = withMethods(store.mirrors, { saveProject: died });
  await failureOf(ensureProject(repository, world.activities({ mirrors })));
}

const paths = (): string[] => world.onedev.projects().map(({ path }) => path);

const noteOf = async (): Promise<unknown> =>
  (await store.db.query('select project_note from mirrors'))[0]?.['project_note'];

describe('a mirror without a project', () => {
  it('gets one with its marker, and the record knows it', async () => {
    const repository = await known('ada/engine', 'An engine');

    const ensured = await ensureProject(repository);

    const project = world.onedev.project('github/ada/engine');
    expect(ensured).toEqual({ path: 'github/ada/engine', created: true });
    expect(markerIn(project?.description)).toBe(`github-${repository.id}`);
    expect(project?.description).toContain('An engine');
    expect((await store.mirror(repository.id)).project).toEqual({
      projectId: String(project?.id),
      path: 'github/ada/engine',
    });
    expect(await noteOf()).toBeNull();
  });

  it('leaves a project alone that somebody else has at its path, takes another name, and says so', async () => {
    const theirs = await world.onedev.addForeignProject('github/ada/engine', { description: 'my own work' });
    const repository = await known('ada/engine');

    const ensured = await ensureProject(repository);

    const path = `github/ada/engine-${repository.id}`;
    expect(ensured).toEqual({ path, created: true });
    expect(world.onedev.project('github/ada/engine')).toEqual(theirs);
    expect((await store.mirror(repository.id)).project?.path).toBe(path);
    expect(await noteOf()).toContain('"github/ada/engine" belongs to a project that is not this mirror\'s');
  });

  it('that nobody has a row of is a failure, and makes nothing', async () => {
    const repository = world.star('ada/engine');

    const failure = await failureOf(ensureProject(repository));

    expect(failure).toMatchObject({ type: 'MirrorUnknown', nonRetryable: true });
    expect(paths()).toEqual([]);
  });
});

describe('a mirror with a project', () => {
  it('costs no write, neither on OneDev nor in the record, when nothing changed', async () => {
    const repository = await world.mirror('ada/engine');
    const [before] = await store.db.query('select * from mirrors');

    const ensured = await ensureProject(repository);

    expect(ensured).toEqual({ path: 'github/ada/engine', created: false });
    expect(world.onedevWrites()).toEqual([]);
    expect(await store.db.query('select * from mirrors')).toEqual([before]);
  });

  it('moves with a rename upstream, and stays the same project', async () => {
    const repository = await world.mirror('ada/engine');
    const before = await store.mirror(repository.id);
    world.github.renameRepository(repository, 'lovelace/analytical-engine');
    await look(repository);

    const ensured = await ensureProject(repository);

    const after = await store.mirror(repository.id);
    expect(ensured).toEqual({ path: 'github/lovelace/analytical-engine', created: false });
    expect(after.project).toEqual({ projectId: before.project?.projectId, path: 'github/lovelace/analytical-engine' });
    expect(after.sourceDigest).toBe('digest-1');
  });

  it('keeps its description up to date', async () => {
    const repository = await world.mirror('ada/engine');
    repository.description = 'A better engine';
    await look(repository);

    await ensureProject(repository);

    expect(world.onedev.project('github/ada/engine')?.description).toMatch(/^A better engine\n/);
  });

  it('that somebody deleted on OneDev gets a new one, which is filled from nothing', async () => {
    const repository = await world.mirror('ada/engine');
    await world.onedev.remove('github/ada/engine');

    const ensured = await ensureProject(repository);

    expect(ensured).toEqual({ path: 'github/ada/engine', created: true, remade: true });
    expect((await store.mirror(repository.id)).sourceDigest).toBeNull();
  });

  it('whose marker somebody took away leaves that project alone and gets another', async () => {
    const repository = await world.mirror('ada/engine');
    world.onedev.edit('github/ada/engine', { description: 'mine now' });

    const ensured = await ensureProject(repository);

    expect(ensured).toEqual({ path: `github/ada/engine-${repository.id}`, created: true, remade: true });
    expect(world.onedev.project('github/ada/engine')?.description).toBe('mine now');
    expect((await store.mirror(repository.id)).sourceDigest).toBeNull();
  });
});

describe('an attempt that died', () => {
  it('after the project was made and before it was recorded is finished by the next, which finds it by its marker', async () => {
    const repository = await known('ada/engine');
    await dieBeforeRecording(repository);
    const left = [paths(), (await store.mirror(repository.id)).project];

    const ensured = await ensureProject(repository);

    expect(left).toEqual([['github', 'github/ada', 'github/ada/engine'], null]);
    expect(ensured).toEqual({ path: 'github/ada/engine', created: false });
    expect(paths()).toEqual(left[0]);
    expect((await store.mirror(repository.id)).project?.path).toBe('github/ada/engine');
  });

  it('after a lost project was made anew does not leave the old digest counting for the empty one', async () => {
    const repository = await world.mirror('ada/engine');
    await world.onedev.remove('github/ada/engine');
    await dieBeforeRecording(repository);

    const ensured = await ensureProject(repository);

    expect(ensured.created).toBe(false);
    expect((await store.mirror(repository.id)).sourceDigest).toBeNull();
  });

  it('after a move is finished by the next, which finds the project by its id', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.renameRepository(repository, 'ada/analytical-engine');
    await look(repository);
    await dieBeforeRecording(repository);

    await ensureProject(repository);

    expect((await store.mirror(repository.id)).project?.path).toBe('github/ada/analytical-engine');
    expect(paths()).toEqual(['github', 'github/ada', 'github/ada/analytical-engine']);
  });

  it('because the answer to the create was lost is no failure at all', async () => {
    const repository = await known('ada/engine');
    world.onedev.failNext({ match: /^POST \/~api\/projects$/, times: 3, disconnect: { afterResponseBytes: 0 } });

    const ensured = await ensureProject(repository).catch(() => ensureProject(repository));

    expect(ensured.path).toBe('github/ada/engine');
    expect(paths()).toEqual(['github', 'github/ada', 'github/ada/engine']);
  });
});

describe('trouble on OneDev', () => {
  it('while it starts is waited for, and makes nothing', async () => {
    const repository = await known('ada/engine');
    world.onedev.state('starting');

    const failure = await failureOf(ensureProject(repository));

    expect(failure).toMatchObject({ type: 'TargetStarting', nonRetryable: false });
    expect(paths()).toEqual([]);
  });

  it('a refused token is final', async () => {
    const repository = await known('ada/engine');
    const activities = world.activities({ target: world.target('not-a-token') });

    expect(await failureOf(ensureProject(repository, activities))).toMatchObject({
      type: 'TargetUnauthorized',
      nonRetryable: true,
    });
  });

  it('a token without the right to make projects is final', async () => {
    const repository = await known('ada/engine');
    world.onedev.addToken('weak-token-1234');
    const activities = world.activities({ target: world.target('weak-token-1234') });

    expect(await failureOf(ensureProject(repository, activities))).toMatchObject({
      type: 'TargetForbidden',
      nonRetryable: true,
    });
  });

  it('that leaves no free name is final, and names who has them', async () => {
    const repository = await known('ada/engine');
    await world.onedev.addForeignProject('github/ada/engine');
    await world.onedev.addForeignProject(`github/ada/engine-${repository.id}`);

    const failure = await failureOf(ensureProject(repository));

    expect(failure).toMatchObject({ type: 'TargetPathTaken', nonRetryable: true });
    expect(failure.message).toContain('"github/ada/engine"');
    expect((await store.mirror(repository.id)).project).toBeNull();
  });
});
