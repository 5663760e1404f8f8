import { beforeEach, describe, expect, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { Failure, type FailureKind } from '../../src/domain/failures.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { DeleteOutcome, RecordEntry, UnstarProof } from '../../src/domain/record.ts';
import type { StandinRepository } from '../standins/github.ts';
import { DAY_MS, died, failureOf, type PortChanges, withMethods, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

/** The mirror in question, and another star to compare with. */
let engine: StandinRepository;
let canary: StandinRepository;

beforeEach(async () => {
  engine = await world.mirror('ada/engine');
  canary = await world.mirror('ada/canary');
});

const correlation = (repository: StandinRepository) => {
  return { mirrorId: mirrorIdOf(repository.id), correlationId: 'delivery-1' };
};

const verifyUnstar = (changes: PortChanges = {}): Promise<UnstarProof> =>
  world.run(world.activities(changes).verifyUnstar, correlation(engine));

/** Opens a deletion, as the workflow does after the first proof. @returns its id */
async function pendingDeletion(policy: 'delete' | 'archive' = 'delete', of = engine): Promise<string> {
  const ids = { ...correlation(of), workflowId: 'w', runId: 'r' };
  const dueAt = new Date().toISOString();
  const entry: RecordEntry = { kind: 'deletion_requested', policy, proof: 'seen once', dueAt, ...ids };
  const { deletion } = await store.record.write(null, entry);
  return deletion?.deletionId ?? '';
}

interface Attempt {
  deletionId: string;
  approvedBy?: string | null;
  of?: StandinRepository;
}

function deleteProject(
  { deletionId, approvedBy = null, of = engine }: Attempt,
  activities: Activities = world.activities(),
): Promise<DeleteOutcome> {
  return world.run(activities.deleteProject, { ...correlation(of), deletionId, approvedBy });
}

const stateOf = async (deletionId: string): Promise<string | undefined> =>
  (await store.deletions.get(deletionId))?.state;

const budgetTaken = async (): Promise<string[]> => {
  const rows = await store.db.query<{ id: string }>('select jsonb_object_keys(taken) as id from deletion_budgets');
  return rows.map(({ id }) => id);
};

const deletesOnOnedev = (): string[] => world.onedevWrites().filter((line) => line.startsWith('DELETE '));

/** Runs `work` and makes sure that, however it ends, it changed nothing on OneDev, took nothing from the budget, and ended no deletion. */
async function deletingNothing<T>(work: () => Promise<T>): Promise<T> {
  const seen = async () => [
    world.onedev.projects(),
    await budgetTaken(),
    await store.db.query('select deletion_id, state, finished_at from deletions order by 1'),
    (await store.mirror(engine.id)).project,
  ];
  const before = await seen();
  const ended = await work().then(
    (value) => () => value,
    (error: unknown) => () => Promise.reject(error),
  );
  expect(world.onedevWrites()).toEqual([]);
  expect(await seen()).toEqual(before);
  return ended();
}

/** Makes it the last star to compare with. */
async function standLast({ id }: StandinRepository): Promise<void> {
  await store.db.query(`update mirrors set upstream_read_at = now() + interval '1 hour' where repo_id = $1`, [id]);
}

/** Everything that is no proof, and what it is instead. */
const NO_PROOF: [string, UnstarProof['verdict'], () => unknown][] = [
  ['it is starred', 'starred', () => undefined],
  ['it was starred again', 'starred', () => (world.github.unstar(engine), world.github.star(engine))],
  ['upstream was deleted', 'gone', () => (world.github.unstar(engine), (engine.deleted = true))],
  [
    'upstream went private, out of sight of the token',
    'gone',
    () => (world.github.unstar(engine), Object.assign(engine, { private: true, accessible: false })),
  ],
  ['upstream is blocked (DMCA)', 'gone', () => (world.github.unstar(engine), (engine.blocked = 'dmca'))],
  ['upstream is blocked (terms of service)', 'gone', () => (world.github.unstar(engine), (engine.blocked = 'tos'))],
  [
    'another repository answers under its id',
    'gone',
    () => {
      world.github.unstar(engine);
      engine.impostor = world.github.addRepository({ fullName: 'eve/impostor' });
    },
  ],
  [
    'all stars are invisible to the token',
    'unproven',
    () => (world.github.unstar(engine), world.github.unstar(canary)),
  ],
  [
    'the only star to compare with is invisible',
    'unproven',
    () => (world.github.unstar(engine), Object.assign(canary, { private: true, accessible: false })),
  ],
  [
    'GitHub gives no answer about the only star to compare with',
    'unproven',
    () => (
      world.github.unstar(engine),
      world.github.answerNext(/starred\/ada\/canary/, refusal(403, 'protected by SAML'))
    ),
  ],
  [
    'no other star is known to compare with',
    'needs_person',
    async () => {
      world.github.unstar(engine);
      await store.db.query(`update mirrors set starred = false where repo_id = $1`, [canary.id]);
    },
  ],
  [
    'the only other star is of a frozen mirror',
    'needs_person',
    async () => {
      world.github.unstar(engine);
      await store.db.query(`update mirrors set status = 'frozen' where repo_id = $1`, [canary.id]);
    },
  ],
];

describe('many unstarred at once', () => {
  it('are proven one by one, since none of them is what another is compared with', async () => {
    const many: StandinRepository[] = [];
    for (let index = 0; index < 8; index += 1) many.push(await world.mirror(`ada/gone-${index}`));
    for (const one of many) world.github.unstar(one);
    const activities = world.activities();
    // As their workflows do, all together: each asks GitHub first.
    for (const one of many) {
      const claims = { fullName: one.fullName, repoId: one.id, claims: 'nothing', requested: false } as const;
      await world.run(activities.fetchMetadata, { ...correlation(one), ...claims });
    }
    // The first of them may not be recorded yet when the last is proven.
    await store.db.query(`update mirrors set starred = true`);

    const verdicts: string[] = [];
    for (const one of many) verdicts.push((await world.run(activities.verifyUnstar, correlation(one))).verdict);

    expect(verdicts).toEqual(many.map(() => 'unstarred'));
  });
});

/** Everything that is no answer at all. */
const NO_ANSWER: [string, FailureKind, () => unknown][] = [
  ['GitHub refuses the token', 'SourceUnauthorized', () => (world.github.switches.tokenRevoked = true)],
  [
    'the token may not read stars',
    'SourceForbidden',
    () =>
      world.github.answerNext(
        /GET \/api\/v3\/user\/starred\//,
        refusal(403, 'Resource not accessible by personal access token'),
      ),
  ],
  ['GitHub fails', 'SourceError', () => (world.github.switches.serverError = true)],
  ['GitHub does not answer', 'SourceUnreachable', () => (world.github.switches.resetConnections = true)],
  [
    'GitHub’s limit is used up',
    'SourceRateLimited',
    () => (world.github.switches.primaryLimitUntil = Date.now() + 60_000),
  ],
  [
    'something that is not GitHub says 404 to everything',
    'SourceBadResponse',
    () =>
      world.github.answerNext(/repositories/, {
        status: 404,
        body: '<html>',
        headers: { 'content-type': 'text/html' },
      }),
  ],
  [
    'something that is not GitHub says 404 to the star check',
    'SourceBadResponse',
    () => world.github.answerNext(/starred/, { status: 404, body: '<html>', headers: { 'content-type': 'text/html' } }),
  ],
  ['the organisation wants single sign-on', 'SourceForbidden', () => (world.github.switches.ssoHidden = ['ada'])],
  [
    'the token is of another account than the record',
    'AccountMismatch',
    async () => {
      await store.db.query(`insert into accounts (account_id, external_id, login, created_at)
                            values ('github-99', '99', 'eve', '2020-01-01')`);
    },
  ],
];

function refusal(status: number, message: string) {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers, body: JSON.stringify({ message }) };
}

describe('verifyUnstar', () => {
  it('proves it: the repository is there, its star is not, and the same token sees another star', async () => {
    world.github.unstar(engine);

    const proof = await deletingNothing(() => verifyUnstar());

    expect(proof.verdict).toBe('unstarred');
    expect(proof).toMatchObject({
      proof: expect.stringMatching(/saw the star of ada\/canary, no star of ada\/engine/),
    });
  });

  it('asks for the repository by its id, and for its star once more after the canary was seen', async () => {
    world.github.unstar(engine);

    await verifyUnstar();

    expect(world.githubRequests()).toEqual([
      'GET /user',
      `GET /repositories/${engine.id}`,
      'GET /user/starred/ada/engine',
      'GET /user/starred/ada/canary',
      expect.stringMatching(/^POST .*graphql$/),
      'GET /user/starred/ada/engine',
    ]);
  });

  it.each<[string, () => void, string]>([
    ['is cut off', () => (world.github.switches.graphql.overLimit = true), 'needs_person'],
    ['comes with errors', () => (world.github.switches.graphql.errors = 'partial'), 'needs_person'],
    ['does not add up', () => (world.github.switches.graphql.extraTotal = 1), 'needs_person'],
    ['is not offered by the server', () => (world.github.switches.graphql.absent = true), 'needs_person'],
  ])('has no proof when the complete star list %s: a person decides', async (_, breakIt, verdict) => {
    world.github.unstar(engine);
    breakIt();

    expect((await deletingNothing(() => verifyUnstar())).verdict).toBe(verdict);
  });

  it('has no proof when the complete star list still has it', async () => {
    const real = world.source();
    const source = withMethods(real, { isStarred: async (fullName) => fullName === 'ada/canary' });

    expect((await deletingNothing(() => verifyUnstar({ source }))).verdict).toBe('unproven');
  });

  it('asks for the star by the name of today', async () => {
    world.github.renameRepository(engine, 'ada/analytical-engine');

    expect(await verifyUnstar()).toEqual({ verdict: 'starred' });
  });

  it.each(NO_PROOF)('has no proof when %s: %s', async (_, verdict, arrange) => {
    await arrange();

    expect((await deletingNothing(() => verifyUnstar())).verdict).toBe(verdict);
  });

  it.each(NO_ANSWER)('fails when %s: %s', async (_, kind, arrange) => {
    world.github.unstar(engine);
    await arrange();

    expect(await failureOf(deletingNothing(() => verifyUnstar()))).toMatchObject({ type: kind });
  });

  it('sees a star that comes between the checks', async () => {
    world.github.unstar(engine);
    const real = world.source();
    const source = withMethods(real, {
      isStarred: async (fullName) => {
        const starred = await real.isStarred(fullName);
        if (fullName === 'ada/canary') world.github.star(engine);
        return starred;
      },
    });

    expect(await verifyUnstar({ source })).toEqual({ verdict: 'starred' });
  });

  it('goes on to another star when the first it compares with was unstarred too', async () => {
    const second = await world.mirror('ada/second');
    world.github.unstar(engine);
    world.github.unstar(second);

    const proof = await verifyUnstar();

    expect(proof).toMatchObject({ verdict: 'unstarred', proof: expect.stringContaining('ada/canary') });
  });

  it.each([refusal(403, 'Resource protected by organization SAML enforcement.'), refusal(301, 'Moved Permanently')])(
    'goes on to another star when GitHub gives no answer about the first ($status)',
    async (answer) => {
      await world.mirror('corp/secret');
      await standLast(canary);
      world.github.unstar(engine);
      world.github.answerNext(/starred\/corp\/secret/, answer);

      expect(await verifyUnstar()).toMatchObject({
        verdict: 'unstarred',
        proof: expect.stringContaining('ada/canary'),
      });
    },
  );

  it('gives up after five stars it cannot see', async () => {
    const others = [];
    for (let index = 0; index < 7; index += 1) others.push(await world.mirror(`ada/other-${index}`));
    await standLast(canary);
    world.github.unstar(engine);
    for (const other of others) world.github.unstar(other);

    const proof = await verifyUnstar();

    expect(proof).toMatchObject({ verdict: 'unproven', reason: expect.stringContaining('none of 5') });
    expect(world.githubRequests().filter((line) => line.includes('/user/starred/'))).toHaveLength(6);
  });

  it('does not trust the token of another account', async () => {
    world.github.unstar(engine);
    await store.db.query(`insert into accounts (account_id, external_id, login) values ('github-99', '99', 'eve')`);
    await store.db.query(`update mirrors set account_id = 'github-99' where repo_id = $1`, [engine.id]);

    expect(await deletingNothing(() => verifyUnstar())).toMatchObject({
      verdict: 'unproven',
      reason: expect.stringContaining('another account'),
    });
  });

  it('does not trust a token of somebody else than GITHUB_LOGIN', async () => {
    world.github.unstar(engine);
    const source = world.source({ login: 'eve', token: world.github.token });

    expect(await failureOf(verifyUnstar({ source }))).toMatchObject({ type: 'AccountMismatch', nonRetryable: true });
  });

  it('needs a person without a token', async () => {
    world.github.unstar(engine);

    expect(await verifyUnstar({ source: world.source({ login: 'keeper' }) })).toMatchObject({
      verdict: 'needs_person',
      reason: expect.stringContaining('GITHUB_TOKEN'),
    });
  });

  it('is final about what the record does not know', async () => {
    const stranger = world.star('eve/other');

    const failure = await failureOf(world.run(world.activities().verifyUnstar, correlation(stranger)));

    expect(failure).toMatchObject({ type: 'MirrorUnknown', nonRetryable: true });
  });
});

describe('deleteProject', () => {
  it('removes the project of an unstarred repository, and only that', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    const projectId = world.onedev.project('github/ada/engine')?.id;

    const outcome = await deleteProject({ deletionId });

    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(world.onedevWrites()).toEqual([`DELETE /~api/projects/${projectId}`]);
    expect(world.onedev.projects().map(({ path }) => path)).toEqual(['github', 'github/ada', 'github/ada/canary']);
    expect(await stateOf(deletionId)).toBe('deleted');
    expect(await store.mirror(engine.id)).toMatchObject({ status: 'deleted', project: null, deleteAt: null });
    expect(await budgetTaken()).toEqual([deletionId]);
  });

  it('logs who approved it, what was deleted, and the proof', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);

    await deleteProject({ deletionId, approvedBy: 'ann' });

    const lines = world.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ message }) => message === 'project deleted')).toMatchObject({
      mirrorId: `github-${engine.id}`,
      correlationId: 'delivery-1',
      deletionId,
      approvedBy: 'ann',
      path: 'github/ada/engine',
      existed: true,
      proof: expect.stringContaining('ada/canary'),
    });
  });

  it('has nothing to remove of a repository that was never mirrored', async () => {
    await store.db.query('update mirrors set project_id = null, project_path = null where repo_id = $1', [engine.id]);
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);

    expect(await deleteProject({ deletionId })).toEqual({ outcome: 'deleted' });
    expect(deletesOnOnedev()).toEqual([]);
    expect(await stateOf(deletionId)).toBe('deleted');
  });
});

describe('deleteProject deletes nothing', () => {
  const OUTCOMES = { starred: 'starred', gone: 'gone', unproven: 'unproven', needs_person: 'needs_person' } as const;

  it.each(NO_PROOF)('when %s (%s)', async (_, verdict, arrange) => {
    const deletionId = await pendingDeletion();
    await arrange();

    const { outcome } = await deletingNothing(() => deleteProject({ deletionId }));

    expect(outcome).toBe(OUTCOMES[verdict as keyof typeof OUTCOMES]);
    expect(await stateOf(deletionId)).toBe('pending');
  });

  it.each(NO_PROOF.filter(([, verdict]) => verdict !== 'needs_person'))(
    'when %s, also if a person approved it (%s)',
    async (_, verdict, arrange) => {
      const deletionId = await pendingDeletion();
      await arrange();

      const { outcome } = await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }));

      expect(outcome).toBe(OUTCOMES[verdict as keyof typeof OUTCOMES]);
    },
  );

  it.each(NO_PROOF.filter(([, verdict]) => verdict !== 'needs_person'))(
    'nor archives anything when %s (%s)',
    async (_, verdict, arrange) => {
      const deletionId = await pendingDeletion('archive');
      await arrange();

      const { outcome } = await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }));

      expect(outcome).toBe(OUTCOMES[verdict as keyof typeof OUTCOMES]);
    },
  );

  it.each(NO_ANSWER)('when %s: %s', async (_, kind, arrange) => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    await arrange();

    const failure = await failureOf(deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' })));

    expect(failure.type).toBe(kind);
  });

  it('when the mirror is of another account than the token', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    await store.db.query(`insert into accounts (account_id, external_id, login) values ('github-99', '99', 'eve')`);
    await store.db.query(`update mirrors set account_id = 'github-99' where repo_id = $1`, [engine.id]);

    expect(await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }))).toMatchObject({
      outcome: 'unproven',
    });
  });

  it('when the record knows no such deletion', async () => {
    world.github.unstar(engine);

    expect(await deletingNothing(() => deleteProject({ deletionId: '404' }))).toMatchObject({ outcome: 'refused' });
  });

  it('when the deletion is another mirror’s', async () => {
    const deletionId = await pendingDeletion('delete', canary);
    world.github.unstar(engine);

    expect(await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }))).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('no deletion'),
    });
  });

  it.each(['cancelled', 'refused'] as const)('when the deletion was %s', async (state) => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    const ids = { ...correlation(engine), workflowId: 'w', runId: 'r' };
    await store.record.write(null, {
      kind: 'deletion_ended',
      deletionId,
      state,
      by: 'b',
      reason: null,
      keep: false,
      ...ids,
    });

    expect(await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }))).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining(state),
    });
  });

  it('when the deletion waits for a person and nobody approved it', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    const ids = { ...correlation(engine), workflowId: 'w', runId: 'r' };
    await store.record.write(null, { kind: 'deletion_waiting', deletionId, reason: 'over budget', ...ids });

    expect(await deletingNothing(() => deleteProject({ deletionId }))).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('waits for a person'),
    });
    expect(await deleteProject({ deletionId, approvedBy: 'ann' })).toEqual({ outcome: 'deleted' });
  });

  it.each([null, 'ann'])(
    'when somebody pinned it since, and had no time to call the deletion off (approved by %s)',
    async (approvedBy) => {
      const deletionId = await pendingDeletion();
      world.github.unstar(engine);
      await store.mirrors.pin(mirrorIdOf(engine.id));

      expect(await deletingNothing(() => deleteProject({ deletionId, approvedBy }))).toMatchObject({
        outcome: 'refused',
        reason: expect.stringContaining('kept') as string,
      });
    },
  );

  it('when a person took the marker away', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    world.onedev.edit('github/ada/engine', { description: 'mine now' });

    const failure = await failureOf(deleteProject({ deletionId, approvedBy: 'ann' }));

    expect(failure).toMatchObject({ type: 'TargetNotOurs', nonRetryable: true });
    expect(deletesOnOnedev()).toEqual([]);
    expect(world.onedev.project('github/ada/engine')?.description).toBe('mine now');
    expect(await stateOf(deletionId)).toBe('pending');
  });

  it('when the project carries the marker of another mirror', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    const { description } = world.onedev.project('github/ada/canary') ?? {};
    world.onedev.edit('github/ada/engine', { description: description ?? null });

    expect(await failureOf(deleteProject({ deletionId }))).toMatchObject({ type: 'TargetNotOurs' });
    expect(deletesOnOnedev()).toEqual([]);
  });

  it('when somebody made projects below it', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    await world.onedev.addForeignProject('github/ada/engine/plans');

    const failure = await failureOf(deleteProject({ deletionId, approvedBy: 'ann' }));

    expect(failure).toMatchObject({ type: 'TargetHasChildren', nonRetryable: true });
    expect(deletesOnOnedev()).toEqual([]);
    expect(world.onedev.project('github/ada/engine/plans')).toBeDefined();
  });

  it('when the OneDev token may not', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    world.onedev.addToken('reader-token-1234', { grants: [{ path: 'github', right: 'read' }] });

    const failure = await failureOf(
      deleteProject({ deletionId }, world.activities({ target: world.target('reader-token-1234') })),
    );

    expect(failure).toMatchObject({ type: 'TargetForbidden', nonRetryable: true });
    expect(world.onedev.project('github/ada/engine')).toBeDefined();
    expect(await stateOf(deletionId)).toBe('pending');
  });

  it('while OneDev starts and says 404 to everything: that is not "gone already"', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);
    world.onedev.state('starting');

    const failure = await failureOf(deleteProject({ deletionId }));

    expect(failure).toMatchObject({ type: 'TargetStarting', nonRetryable: false });
    expect(await stateOf(deletionId)).toBe('pending');
    expect((await store.mirror(engine.id)).project).not.toBeNull();
  });
});

describe('the budget', () => {
  const small: PortChanges = { rules: { deleteBudget: { max: 1, windowMs: DAY_MS } } };

  /** Takes the whole of the small budget. */
  async function useUp(): Promise<void> {
    const other = await world.mirror('ada/other');
    const deletionId = await pendingDeletion('delete', other);
    world.github.unstar(other);
    expect(await deleteProject({ deletionId, of: other }, world.activities(small))).toEqual({ outcome: 'deleted' });
    world.onedevWrites();
  }

  it('that is used up deletes nothing, and says so', async () => {
    await useUp();
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);

    const outcome = await deletingNothing(() => deleteProject({ deletionId }, world.activities(small)));

    expect(outcome).toEqual({ outcome: 'over_budget', reason: 'the budget of 1 deletions in 24 h is used up' });
    expect(world.logged.join()).toContain('deletion budget used up');
  });

  it('does not stop what a person approved', async () => {
    await useUp();
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);

    const outcome = await deleteProject({ deletionId, approvedBy: 'ann' }, world.activities(small));

    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(await store.db.query('select decided_by from deletions where deletion_id = $1', [deletionId])).toEqual([
      { decided_by: 'ann' },
    ]);
    expect(await budgetTaken()).toHaveLength(2);
  });

  it('is not stretched by deletions at the same moment', async () => {
    const repositories: StandinRepository[] = [];
    for (let index = 0; index < 8; index += 1) repositories.push(await world.mirror(`ada/many-${index}`));
    const attempts: Attempt[] = [];
    for (const of of repositories) {
      attempts.push({ deletionId: await pendingDeletion('delete', of), of });
      world.github.unstar(of);
    }
    const activities = world.activities({ rules: { deleteBudget: { max: 3, windowMs: DAY_MS } } });

    const outcomes = await Promise.all(attempts.map((attempt) => deleteProject(attempt, activities)));

    expect(outcomes.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(3);
    expect(outcomes.filter(({ outcome }) => outcome === 'over_budget')).toHaveLength(5);
    expect(deletesOnOnedev()).toHaveLength(3);
  });
});

describe('an attempt at a deletion that died', () => {
  const one: PortChanges = { rules: { deleteBudget: { max: 1, windowMs: DAY_MS } } };
  let deletionId: string;

  beforeEach(async () => {
    deletionId = await pendingDeletion();
    world.github.unstar(engine);
  });

  it('after it took from the budget costs nothing more: the next attempt deletes', async () => {
    const target = withMethods(world.target(), { deleteProject: died });
    await failureOf(deleteProject({ deletionId }, world.activities({ ...one, target })));
    const taken = await budgetTaken();

    const outcome = await deleteProject({ deletionId }, world.activities(one));

    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(taken).toEqual([deletionId]);
    expect(await budgetTaken()).toEqual([deletionId]);
    expect(deletesOnOnedev()).toHaveLength(1);
  });

  it('after the project went is recorded by the next, which deletes nothing more', async () => {
    const deletions = withMethods(store.deletions, { finish: died });
    await failureOf(deleteProject({ deletionId }, world.activities({ ...one, deletions })));
    const between = await stateOf(deletionId);
    const first = deletesOnOnedev();

    const outcome = await deleteProject({ deletionId }, world.activities(one));

    expect([between, first.length]).toEqual(['pending', 1]);
    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(deletesOnOnedev()).toEqual([]);
    expect(await stateOf(deletionId)).toBe('deleted');
    expect((await store.mirror(engine.id)).project).toBeNull();
  });

  it('because OneDev’s answer was lost is finished by the next', async () => {
    world.onedev.failNext({ match: /^DELETE /, disconnect: { afterResponseBytes: 0 } });

    const failure = await failureOf(deleteProject({ deletionId }));
    const outcome = await deleteProject({ deletionId });

    expect(failure).toMatchObject({ type: 'TargetUnreachable', nonRetryable: false });
    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(await stateOf(deletionId)).toBe('deleted');
  });

  it('after everything was recorded only says so again, without asking anybody', async () => {
    await deleteProject({ deletionId });
    world.githubRequests();
    world.onedev.requests.splice(0);

    const outcome = await deleteProject({ deletionId });

    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(world.githubRequests()).toEqual([]);
    expect(world.onedev.requests).toEqual([]);
  });

  it('after the project went, and was starred again since, deletes nothing more; the next sync makes a new one', async () => {
    const deletions = withMethods(store.deletions, { finish: died });
    await failureOf(deleteProject({ deletionId }, world.activities({ deletions })));
    world.onedevWrites();
    world.github.star(engine);

    const outcome = await deletingNothing(() => deleteProject({ deletionId }));
    const ensured = await world.run(world.activities().ensureProject, correlation(engine));

    expect(outcome).toEqual({ outcome: 'starred' });
    expect(ensured).toMatchObject({ path: 'github/ada/engine', created: true });
    expect((await store.mirror(engine.id)).sourceDigest).toBeNull();
  });

  it('before it did anything leaves nothing behind', async () => {
    const deletions = withMethods(store.deletions, { takeBudget: died });

    await failureOf(deletingNothing(() => deleteProject({ deletionId }, world.activities({ deletions }))));

    expect(await deleteProject({ deletionId })).toEqual({ outcome: 'deleted' });
  });

  it('late, while another attempt finished and the mirror came back, takes nothing away', async () => {
    const real = world.target();
    const target = withMethods(real, {
      deleteProject: async (mirrorId, project) => {
        const deleted = await real.deleteProject(mirrorId, project);
        await deleteProject({ deletionId });
        world.github.star(engine);
        await store.mirrors.saveStarPage(store.account.accountId, (await world.source().starPage(null)).repositories);
        await world.run(world.activities().ensureProject, correlation(engine));
        return deleted;
      },
    });

    await deleteProject({ deletionId }, world.activities({ target }));

    expect(world.onedev.project('github/ada/engine')).toBeDefined();
    expect((await store.mirror(engine.id)).project?.path).toBe('github/ada/engine');
  });
});

describe('without a token', () => {
  const anonymous = () => world.activities({ source: world.source({ login: 'keeper' }) });

  it('nothing is deleted unless a person approves it', async () => {
    const deletionId = await pendingDeletion();
    world.github.unstar(engine);

    const refused = await deletingNothing(() => deleteProject({ deletionId }, anonymous()));
    const approved = await deleteProject({ deletionId, approvedBy: 'ann' }, anonymous());

    expect(refused).toMatchObject({ outcome: 'needs_person', reason: expect.stringContaining('GITHUB_TOKEN') });
    expect(approved).toEqual({ outcome: 'deleted' });
  });

  it('nothing is deleted of what GitHub no longer shows, whoever approves it', async () => {
    const deletionId = await pendingDeletion();
    engine.deleted = true;

    expect(await deletingNothing(() => deleteProject({ deletionId, approvedBy: 'ann' }, anonymous()))).toEqual({
      outcome: 'gone',
    });
  });
});

describe('the policy "archive"', () => {
  let deletionId: string;
  let archived: string;
  let projectId: string | undefined;

  beforeEach(async () => {
    deletionId = await pendingDeletion('archive');
    world.github.unstar(engine);
    archived = `github/ada/engine.archived-${engine.id}`;
    projectId = (await store.mirror(engine.id)).project?.projectId;
  });

  it('renames the project and keeps it, and costs nothing of the budget', async () => {
    const activities = world.activities({ rules: { deleteBudget: { max: 0, windowMs: DAY_MS } } });

    const outcome = await deleteProject({ deletionId }, activities);

    expect(outcome).toEqual({ outcome: 'archived' });
    expect(world.onedevWrites()).toEqual([`POST /~api/projects/${projectId}`]);
    expect(world.onedev.project(archived)?.id).toBe(Number(projectId));
    expect(await stateOf(deletionId)).toBe('archived');
    expect(await store.mirror(engine.id)).toMatchObject({
      status: 'deleted',
      statusNote: `Unstarred; kept on OneDev as ${archived}.`,
      project: { projectId, path: archived },
    });
  });

  it('brings the same project back when it is starred again, and fills it from what is so then', async () => {
    await deleteProject({ deletionId });
    world.github.star(engine);
    const { id: repoId, fullName } = engine;
    const asked = { ...correlation(engine), repoId, fullName, claims: 'starred', requested: false } as const;

    const metadata = await world.run(world.activities().fetchMetadata, asked);
    const ensured = await world.run(world.activities().ensureProject, correlation(engine));

    expect(metadata).toMatchObject({ wanted: true, starred: true });
    expect(ensured).toEqual({ path: 'github/ada/engine', created: false });
    expect(world.onedev.project('github/ada/engine')?.id).toBe(Number(projectId));
    expect(world.onedev.project(archived)).toBeUndefined();
    expect(await store.mirror(engine.id)).toMatchObject({
      project: { projectId, path: 'github/ada/engine' },
      sourceDigest: null,
      status: 'in_progress',
    });
  });

  it('died after the rename: the next attempt finds it renamed and records that', async () => {
    const deletions = withMethods(store.deletions, { finish: died });
    await failureOf(deleteProject({ deletionId }, world.activities({ deletions })));
    world.onedevWrites();

    const outcome = await deleteProject({ deletionId });

    expect(outcome).toEqual({ outcome: 'archived' });
    expect(world.onedevWrites()).toEqual([]);
    expect((await store.mirror(engine.id)).project).toEqual({ projectId, path: archived });
  });

  it('died after it was recorded: the next attempt says so again', async () => {
    await deleteProject({ deletionId });
    world.onedevWrites();

    expect(await deleteProject({ deletionId })).toEqual({ outcome: 'archived' });
    expect(world.onedevWrites()).toEqual([]);
  });

  it('has nothing to archive when somebody deleted the project on OneDev: that ends it, and the record says so', async () => {
    await world.onedev.remove('github/ada/engine');

    const outcome = await deleteProject({ deletionId });

    expect(outcome).toEqual({ outcome: 'deleted' });
    expect(await stateOf(deletionId)).toBe('deleted');
    expect(await store.mirror(engine.id)).toMatchObject({
      status: 'deleted',
      statusNote: 'Unstarred; there was no project on OneDev to archive.',
      project: null,
    });
    expect(await deleteProject({ deletionId })).toEqual(outcome);
  });

  it('does not take a OneDev that starts for a project that is gone', async () => {
    world.onedev.state('starting');

    expect(await failureOf(deleteProject({ deletionId }))).toMatchObject({ type: 'TargetStarting' });
    expect(await stateOf(deletionId)).toBe('pending');
  });

  it('leaves a project alone that lost its marker', async () => {
    world.onedev.edit('github/ada/engine', { description: 'mine now' });

    expect(await failureOf(deleteProject({ deletionId }))).toMatchObject({ type: 'TargetNotOurs', nonRetryable: true });
    expect(world.onedevWrites()).toEqual([]);
  });

  it('takes another name when somebody has the first', async () => {
    await world.onedev.addForeignProject(archived);

    await deleteProject({ deletionId });

    expect((await store.mirror(engine.id)).project?.path).toBe(`${archived}-2`);
  });

  it('archives nothing without approval where a person has to decide', async () => {
    const source = world.source({ login: 'keeper' });

    expect(await deletingNothing(() => deleteProject({ deletionId }, world.activities({ source })))).toMatchObject({
      outcome: 'needs_person',
    });
  });

  it('passes on what OneDev says of a rename that fails', async () => {
    const target = withMethods(world.target(), {
      archiveProject: () => Promise.reject(new Failure('TargetError', 'OneDev did not')),
    });

    expect(await failureOf(deleteProject({ deletionId }, world.activities({ target })))).toMatchObject({
      type: 'TargetError',
      nonRetryable: false,
    });
    expect(await stateOf(deletionId)).toBe('pending');
  });
});
