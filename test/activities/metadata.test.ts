import { describe, expect, it } from 'vitest';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { MetadataRequest, RecordEntry } from '../../src/domain/record.ts';
import type { StandinRepository } from '../standins/github.ts';
import { failureOf, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

function request({ id, fullName }: StandinRepository, changes: Partial<MetadataRequest> = {}): MetadataRequest {
  const correlation = { mirrorId: mirrorIdOf(id), correlationId: 'delivery-1' };
  return { ...correlation, repoId: id, fullName, claims: 'nothing', requested: false, ...changes };
}

const fetchMetadata = (asked: MetadataRequest, activities = world.activities()) =>
  world.run(activities.fetchMetadata, asked);

async function rows(): Promise<number> {
  const [row] = await store.db.query<{ n: number }>('select count(*)::int as n from mirrors');
  return row?.n ?? 0;
}

async function pause(repository: StandinRepository): Promise<void> {
  const ids = { mirrorId: mirrorIdOf(repository.id), correlationId: 'c', workflowId: 'w', runId: 'r' };
  const entry: RecordEntry = { kind: 'status', status: 'paused', note: null, paused: true, ...ids };
  await store.record.write(null, entry);
}

describe('a repository that was starred', () => {
  it('is wanted, gets its row with the facts of today, and is in progress', async () => {
    const repository = world.star('ada/engine', { description: 'An engine' });

    const metadata = await fetchMetadata(request(repository, { claims: 'starred' }));

    expect(metadata).toEqual({
      upstream: 'exists',
      fullName: 'ada/engine',
      known: true,
      mirrored: false,
      wanted: true,
      starred: true,
      paused: false,
      unstarPolicy: 'delete',
      graceMs: 7 * 86_400_000,
    });
    expect(await store.mirror(repository.id)).toMatchObject({
      status: 'in_progress',
      starred: true,
      upstream: { cloneUrl: `${world.github.url}/ada/engine.git`, description: 'An engine', defaultBranch: 'main' },
    });
  });

  it('is asked for by its id, and its star by the name of today', async () => {
    const repository = world.star('ada/engine');

    await fetchMetadata(request(repository, { fullName: 'ada/old-name' }));

    expect(world.githubRequests()).toEqual([
      'GET /user',
      `GET /repositories/${repository.id}`,
      'GET /user/starred/ada/engine',
    ]);
  });

  it('may have an id beyond 2^53', async () => {
    const repository = world.star('ada/engine', { id: '9007199254740993' });

    await fetchMetadata(request(repository));

    expect(await store.mirror('9007199254740993')).toMatchObject({ starred: true });
  });
});

describe('facts seen in the star list', () => {
  /** Reads the star list. @returns the time at which its facts were seen */
  async function readStars(): Promise<string> {
    const { readStars } = world.activities();
    await world.run(readStars, {
      correlationId: 'reconcile',
      readingId: '0',
      list: 'newest',
      pushedUntil: null,
      cursor: null,
    });
    world.githubRequests();
    return world.control.events[0]?.observedAt ?? '';
  }

  it('are not asked for again: the first sync of each star costs no request', async () => {
    const stars = ['ada/one', 'ada/two', 'ada/three'].map((fullName) => world.star(fullName));
    const observedAt = await readStars();
    const activities = world.activities();

    for (const star of stars) {
      const metadata = await fetchMetadata(request(star, { claims: 'starred', observedAt }), activities);
      expect(metadata).toMatchObject({ upstream: 'exists', wanted: true, starred: true, fullName: star.fullName });
    }

    expect(world.githubRequests()).toEqual(['GET /user']);
    expect((await store.overview.totals()).byStatus).toEqual({ in_progress: 3 });
  });

  it('are asked for again when they are older than a quarter of an hour', async () => {
    const repository = world.star('ada/engine');
    const observedAt = await readStars();
    await store.db.query(`update mirrors set upstream_read_at = now() - interval '16 minutes'`);
    const early = new Date(Date.parse(observedAt) - 3_600_000).toISOString();

    await fetchMetadata(request(repository, { observedAt: early }));

    expect(world.githubRequests()).toContain(`GET /repositories/${repository.id}`);
  });

  it('are asked for again when the event saw newer ones than the record has', async () => {
    const repository = world.star('ada/engine');
    const observedAt = await readStars();
    await store.db.query(`update mirrors set upstream_read_at = now() - interval '1 minute'`);

    await fetchMetadata(request(repository, { observedAt }));

    expect(world.githubRequests()).toContain(`GET /repositories/${repository.id}`);
  });

  it('are asked for when the row has none: a first sight that failed', async () => {
    const repository = world.star('ada/engine');
    await store.db.query(
      `insert into mirrors (mirror_id, account_id, repo_id, full_name, starred) values ($1, $2, $3, 'ada/engine', true)`,
      [`github-${repository.id}`, store.account.accountId, repository.id],
    );

    await fetchMetadata(request(repository, { observedAt: new Date(0).toISOString() }));

    expect(world.githubRequests()).toContain(`GET /repositories/${repository.id}`);
  });

  it('that make no sense are asked for again', async () => {
    const repository = world.star('ada/engine');
    await readStars();

    await fetchMetadata(request(repository, { observedAt: 'yesterday' }));

    expect(world.githubRequests()).toContain(`GET /repositories/${repository.id}`);
  });

  it('do for syncs while GitHub fails, once it has said whose stars these are', async () => {
    const [first, second] = [world.star('ada/one'), world.star('ada/two')];
    const observedAt = await readStars();
    const activities = world.activities();
    await fetchMetadata(request(first, { observedAt }), activities);
    world.github.switches.serverError = true;

    expect(await fetchMetadata(request(second, { observedAt }), activities)).toMatchObject({ wanted: true });
  });
});

describe('a push', () => {
  it('to a repository nobody starred and nobody knows leaves no row', async () => {
    const repository = world.github.addRepository({ fullName: 'eve/other' });

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ upstream: 'exists', known: false, wanted: false, starred: false });
    expect(await rows()).toBe(0);
  });

  it('to a starred repository that has no row yet is a first sight', async () => {
    const repository = world.star('ada/engine');

    expect(await fetchMetadata(request(repository))).toMatchObject({ known: true, wanted: true });
    expect(await rows()).toBe(1);
  });

  it('to a mirror renews its facts', async () => {
    const repository = await world.mirror('ada/engine');
    repository.description = 'A better engine';

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ known: true, mirrored: true, wanted: true });
    expect((await store.mirror(repository.id)).upstream.description).toBe('A better engine');
  });

  it('to a repository whose mirror was deleted leaves it deleted', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);
    await store.db.query(
      `update mirrors set status = 'deleted', starred = false, project_id = null, project_path = null`,
    );

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ known: false, mirrored: false, wanted: false });
    expect((await store.mirror(repository.id)).status).toBe('deleted');
  });

  it('to a repository whose mirror was archived leaves the archive alone', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);
    await store.db.query(`update mirrors set status = 'deleted', starred = false`);

    expect(await fetchMetadata(request(repository))).toMatchObject({ known: false, mirrored: false, wanted: false });
    repository.deleted = true;
    expect(await fetchMetadata(request(repository))).toMatchObject({ upstream: 'gone', known: false, mirrored: false });
  });
});

describe('a star again', () => {
  it('wants a mirror back that was deleted', async () => {
    const repository = await world.mirror('ada/engine');
    await store.db.query(
      `update mirrors set status = 'deleted', starred = false, project_id = null, project_path = null`,
    );

    const metadata = await fetchMetadata(request(repository, { claims: 'starred' }));

    expect(metadata).toMatchObject({ known: true, wanted: true, starred: true });
    expect(await store.mirror(repository.id)).toMatchObject({ status: 'in_progress', starred: true });
  });
});

describe('a repository that is no longer starred', () => {
  it('is not wanted, but only a proof may say so in the record', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);

    const metadata = await fetchMetadata(request(repository, { claims: 'unstarred' }));

    expect(metadata).toMatchObject({ known: true, mirrored: true, wanted: false, starred: false });
    expect(await store.mirror(repository.id)).toMatchObject({ starred: true, status: 'completed' });
  });

  it('although an event says it is starred is not wanted: the truth was asked for', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);

    expect(await fetchMetadata(request(repository, { claims: 'starred' }))).toMatchObject({ wanted: false });
  });

  it('and that an event calls unstarred although it is starred is wanted', async () => {
    const repository = await world.mirror('ada/engine');

    expect(await fetchMetadata(request(repository, { claims: 'unstarred' }))).toMatchObject({ wanted: true });
  });

  it.each(['pinned = true', `kept_by = 'ann'`])('is wanted all the same with %s', async (because) => {
    const repository = await world.mirror('ada/engine');
    world.github.unstar(repository);
    await store.db.query(`update mirrors set ${because}`);

    expect(await fetchMetadata(request(repository))).toMatchObject({ wanted: true, starred: false });
    expect((await store.mirror(repository.id)).status).toBe('in_progress');
  });
});

describe('a repository somebody asked for', () => {
  it('is wanted and pinned although nobody starred it', async () => {
    const repository = world.github.addRepository({ fullName: 'eve/other' });

    const metadata = await fetchMetadata(request(repository, { requested: true }));

    expect(metadata).toMatchObject({ known: true, wanted: true, starred: false });
    expect(await store.mirror(repository.id)).toMatchObject({ pinned: true, starred: false, status: 'in_progress' });
  });
});

describe('a repository that GitHub does not show', () => {
  it.each<[string, (repository: StandinRepository) => unknown]>([
    ['was deleted', (repository) => (repository.deleted = true)],
    [
      'went private, out of sight of the token',
      (repository) => Object.assign(repository, { private: true, accessible: false }),
    ],
    [
      'answers with another repository under its id',
      (repository) => (repository.impostor = world.github.addRepository({ fullName: 'eve/impostor' })),
    ],
  ])('because it %s is gone, and its row stays as it was', async (_, happens) => {
    const repository = await world.mirror('ada/engine');
    const before = await store.mirror(repository.id);
    happens(repository);

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ upstream: 'gone', known: true, mirrored: true, wanted: false });
    expect(await store.mirror(repository.id)).toEqual(before);
  });

  it.each<['dmca' | 'tos']>([['dmca'], ['tos']])('because GitHub blocks it (%s) says so', async (reason) => {
    const repository = await world.mirror('ada/engine');
    repository.blocked = reason;

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ upstream: 'blocked', reason, mirrored: true, wanted: false });
  });

  it('and that nobody knows leaves no row', async () => {
    const repository = world.github.addRepository({ fullName: 'eve/other' });
    repository.deleted = true;

    expect(await fetchMetadata(request(repository))).toMatchObject({ upstream: 'gone', known: false });
    expect(await rows()).toBe(0);
  });

  it('because its organisation wants single sign-on is not gone: that is a missing right', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.switches.ssoHidden = ['ada'];

    const failure = await failureOf(fetchMetadata(request(repository)));

    expect(failure).toMatchObject({ type: 'SourceForbidden', nonRetryable: true });
  });
});

describe('a private repository', () => {
  it('that the token may see is mirrored like any other', async () => {
    const repository = world.star('ada/secret', { private: true });

    expect(await fetchMetadata(request(repository))).toMatchObject({ upstream: 'exists', wanted: true });
  });
});

describe('names', () => {
  it('a renamed repository is the same mirror under its new name', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.renameRepository(repository, 'ada/analytical-engine');

    const metadata = await fetchMetadata(request(repository, { fullName: 'ada/engine' }));

    expect(metadata).toMatchObject({ fullName: 'ada/analytical-engine', mirrored: true, wanted: true });
    expect(await store.mirror(repository.id)).toMatchObject({
      fullName: 'ada/analytical-engine',
      upstream: { cloneUrl: `${world.github.url}/ada/analytical-engine.git` },
    });
  });

  it('a stranger under the old name of a renamed repository is not taken for it', async () => {
    const repository = await world.mirror('ada/engine');
    world.github.renameRepository(repository, 'ada/elsewhere');
    world.github.addRepository({ fullName: 'ada/engine', description: 'a squatter' });

    const metadata = await fetchMetadata(request(repository, { fullName: 'ada/engine' }));

    expect(metadata).toMatchObject({ fullName: 'ada/elsewhere', starred: true });
    expect((await store.mirror(repository.id)).upstream.description).not.toBe('a squatter');
  });

  it('a stranger under the name of a deleted repository does not bring it back', async () => {
    const repository = await world.mirror('ada/engine');
    repository.deleted = true;
    const squatter = world.star('ada/engine');

    expect(await fetchMetadata(request(repository))).toMatchObject({ upstream: 'gone', wanted: false });
    expect(await fetchMetadata(request(squatter))).toMatchObject({ upstream: 'exists', wanted: true });
    expect(await rows()).toBe(2);
  });
});

describe('a paused mirror', () => {
  it('is not looked at', async () => {
    const repository = await world.mirror('ada/engine');
    await pause(repository);

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ paused: true });
    expect(world.githubRequests()).toEqual(['GET /user']);
    expect((await store.mirror(repository.id)).status).toBe('paused');
  });

  it('is looked at when a person asks for it', async () => {
    const repository = await world.mirror('ada/engine');
    await pause(repository);

    expect(await fetchMetadata(request(repository, { requested: true }))).toMatchObject({
      paused: false,
      wanted: true,
    });
  });
});

describe('without a token', () => {
  const anonymous = () => world.activities({ source: world.source({ login: 'keeper' }) });

  it.each<[MetadataRequest['claims'], boolean]>([
    ['starred', true],
    ['unstarred', false],
  ])('the event that claims it is %s is believed as far as that goes', async (claims, wanted) => {
    const repository = await world.mirror('ada/engine');

    const metadata = await fetchMetadata(request(repository, { claims }), anonymous());

    expect(metadata).toMatchObject({ wanted, starred: wanted });
    expect((await store.mirror(repository.id)).starred).toBe(true);
  });

  it('a push to a mirror goes by what the record says of the star', async () => {
    const repository = await world.mirror('ada/engine');

    expect(await fetchMetadata(request(repository), anonymous())).toMatchObject({ wanted: true, starred: true });
  });

  it('a push to something unknown leaves no row, and says that nobody knows', async () => {
    const repository = world.star('ada/engine');

    expect(await fetchMetadata(request(repository), anonymous())).toMatchObject({ known: false, starred: null });
    expect(await rows()).toBe(0);
  });
});

describe('whose stars these are', () => {
  it('is asked for once, however many mirrors begin at the same moment', async () => {
    const stars = Array.from({ length: 20 }, (_, index) => world.star(`ada/repo-${index}`));
    const activities = world.activities();

    await Promise.all(stars.map((star) => fetchMetadata(request(star), activities)));

    expect(world.githubRequests().filter((line) => line === 'GET /user')).toHaveLength(1);
  });

  it('is asked for again after GitHub did not say', async () => {
    const repository = world.star('ada/engine');
    const activities = world.activities();
    world.github.switches.failNext = 1;

    const failure = await failureOf(fetchMetadata(request(repository), activities));
    const metadata = await fetchMetadata(request(repository), activities);

    expect(failure).toMatchObject({ type: 'SourceError', nonRetryable: false });
    expect(metadata).toMatchObject({ wanted: true });
  });

  it('stops everything when it is somebody else now', async () => {
    const repository = world.star('ada/engine');
    await store.db.query(`truncate accounts cascade`);
    await store.accounts.save({ externalId: '99', login: 'eve' });

    const failure = await failureOf(fetchMetadata(request(repository)));

    expect(failure).toMatchObject({ type: 'AccountMismatch', nonRetryable: true });
    expect(await rows()).toBe(0);
  });
});

describe('trouble', () => {
  it('a refused token is final', async () => {
    const repository = world.star('ada/engine');
    world.github.switches.tokenRevoked = true;

    expect(await failureOf(fetchMetadata(request(repository)))).toMatchObject({
      type: 'SourceUnauthorized',
      nonRetryable: true,
    });
  });

  it('died after the facts were written: the next attempt writes them again and goes on', async () => {
    const repository = world.star('ada/engine');
    const dying = { ...store.mirrors, markInProgress: () => Promise.reject(new Error('the worker was killed')) };
    await failureOf(fetchMetadata(request(repository), world.activities({ mirrors: dying })));

    const metadata = await fetchMetadata(request(repository));

    expect(metadata).toMatchObject({ wanted: true });
    expect(await rows()).toBe(1);
  });
});
