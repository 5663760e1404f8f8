import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { createCloneTransfer } from '../../src/adapters/git/clone.ts';
import { Failure } from '../../src/domain/failures.ts';
import { mirrorIdOf, type TransferProgress } from '../../src/domain/model.ts';
import type { Transfer, TransferRequest } from '../../src/domain/ports.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { report } from '../adapters/postgres/test-store.ts';
import type { StandinRepository } from '../standins/github.ts';
import { commit, createRepo, lsRemote, refsOf, type Repo } from '../support/repo.ts';
import { failureOf, transferDouble, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

const PROGRESS: TransferProgress = {
  phase: 'fetching',
  objects: 3,
  bytes: 400,
  bytesPerSecond: 50,
  refsDone: 0,
  refsTotal: 2,
};

const input = ({ id }: StandinRepository, force = false) => {
  return { mirrorId: mirrorIdOf(id), correlationId: 'delivery-1', force };
};

const transfer = (repository: StandinRepository, activities: Activities, force = false) =>
  world.run(activities.transfer, input(repository, force));

/** What the port was asked. */
async function asked(repository: StandinRepository, force = false): Promise<TransferRequest> {
  const requests: TransferRequest[] = [];
  const port = transferDouble((request) => (requests.push(request), Promise.resolve(report())));
  await transfer(repository, world.activities({ transfer: port }), force);
  const [request] = requests;
  if (!request) throw new Error('the port was not asked');
  return request;
}

describe('a transfer', () => {
  it('is asked for with both sides, their credentials apart from the addresses, and the digest of the last sync', async () => {
    const repository = await world.mirror('ada/engine');

    const request = await asked(repository);

    expect(request).toMatchObject({
      mirrorId: `github-${repository.id}`,
      source: {
        url: `${world.github.url}/ada/engine.git`,
        auth: { kind: 'basic', username: 'x-access-token', password: world.github.token },
      },
      target: { url: `${world.onedev.url}/github/ada/engine.git`, auth: { password: world.onedev.token } },
      knownDigest: 'digest-1',
      rewritePolicy: 'keep-old',
    });
  });

  it('says how large GitHub thinks the repository is', async () => {
    const repository = await world.mirror('ada/engine');
    await store.db.query('update mirrors set size_kb = 1500 where repo_id = $1', [repository.id]);

    expect((await asked(repository)).sizeBytes).toBe(1_500_000);
  });

  it('that is forced compares everything', async () => {
    const repository = await world.mirror('ada/engine');

    expect((await asked(repository, true)).knownDigest).toBeNull();
  });

  it.each([
    ['hold', 'keep-old'],
    ['follow', 'follow'],
  ] as const)('with accepted rewrites and the policy %s uses %s', async (rewritePolicy, used) => {
    const repository = await world.mirror('ada/engine');
    const policies: string[] = [];
    const port = transferDouble((request) => (policies.push(request.rewritePolicy), Promise.resolve(report())));
    const activities = world.activities({ transfer: port, rules: { rewritePolicy } });

    await world.run(activities.transfer, { ...input(repository), acceptRewrites: true });
    await world.run(activities.transfer, input(repository));

    expect(policies).toEqual([used, rewritePolicy]);
  });

  it('reports what was done, and that both sides were compared', async () => {
    const repository = await world.mirror('ada/engine');
    const done = report({ sourceDigest: 'digest-2' });

    const activities = world.activities({ transfer: transferDouble(() => Promise.resolve(done)) });

    expect(await transfer(repository, activities)).toEqual({ ...done, compared: true });
  });

  it('needs a project', async () => {
    const repository = await world.mirror('ada/engine');
    await store.db.query('update mirrors set project_id = null, project_path = null');

    const failure = await failureOf(transfer(repository, world.activities()));

    expect(failure).toMatchObject({ type: 'TargetProjectMissing', nonRetryable: false });
  });

  it('sends no credentials to another host than GitHub’s', async () => {
    const repository = await world.mirror('ada/engine');
    await store.db.query(`update mirrors set clone_url = 'http://127.0.0.1:1/ada/engine.git'`);
    const ran = vi.fn<Transfer['run']>();

    const failure = await failureOf(transfer(repository, world.activities({ transfer: { run: ran } })));

    expect(failure).toMatchObject({ type: 'SourceForeignUrl', nonRetryable: true });
    expect(ran).not.toHaveBeenCalled();
  });

  it.each(['TransferKilled', 'DiskFull', 'TargetChanged', 'TransferTimeout'] as const)(
    'that fails with %s may work the next time',
    async (kind) => {
      const repository = await world.mirror('ada/engine');
      const port = transferDouble(() => Promise.reject(new Failure(kind, 'it did')));

      expect(await failureOf(transfer(repository, world.activities({ transfer: port })))).toMatchObject({
        type: kind,
        nonRetryable: false,
      });
    },
  );

  it('of a SHA-256 repository is final', async () => {
    const repository = await world.mirror('ada/engine');
    const port = transferDouble(() => Promise.reject(new Failure('ObjectFormatUnsupported', 'it is')));

    expect(await failureOf(transfer(repository, world.activities({ transfer: port })))).toMatchObject({
      type: 'ObjectFormatUnsupported',
      nonRetryable: true,
    });
  });
});

describe('the default branch', () => {
  const setTo = async (repository: StandinRepository, branch: string): Promise<string[]> => {
    const port = transferDouble(async ({ setDefaultBranch }) => {
      await setDefaultBranch(branch);
      return report();
    });
    await transfer(repository, world.activities({ transfer: port }));
    return world.onedevWrites();
  };

  /** Branches on OneDev, pushed by the real transfer. */
  async function withBranches(): Promise<StandinRepository> {
    const repository = await world.mirror('ada/engine');
    repository.gitDir = source.dir;
    await transfer(repository, world.activities({ transfer: clone }));
    world.onedevWrites();
    return repository;
  }

  it('is set when it differs', async () => {
    const repository = await withBranches();
    const projectId = world.onedev.project('github/ada/engine')?.id;

    expect(await setTo(repository, 'topic')).toEqual([`POST /~api/repositories/${projectId}/default-branch`]);
  });

  it('costs no write when it is so already', async () => {
    expect(await setTo(await withBranches(), 'main')).toEqual([]);
  });
});

describe('heartbeats', () => {
  afterEach(() => vi.useRealTimers());

  it('tell the progress at once', async () => {
    const repository = await world.mirror('ada/engine');
    const beats: unknown[] = [];
    const env = world.environment().on('heartbeat', (details) => beats.push(details));
    const port = transferDouble((_, { onProgress }) => (onProgress(PROGRESS), Promise.resolve(report())));

    await env.run(world.activities({ transfer: port }).transfer, input(repository));

    expect(beats).toEqual([undefined, PROGRESS]);
  });

  it('go on while the transfer says nothing, with the last it said, and end with it', async () => {
    const repository = await world.mirror('ada/engine');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const beats: unknown[] = [];
    const env = world.environment().on('heartbeat', (details) => beats.push(details));
    let during: unknown[] = [];
    const port = transferDouble(async (_, { onProgress }) => {
      onProgress(PROGRESS);
      vi.advanceTimersByTime(29_000);
      during = [...beats];
      return report();
    });

    await env.run(world.activities({ transfer: port }).transfer, input(repository));
    vi.advanceTimersByTime(60_000);

    // Temporal gives a worker up after 30 s of silence.
    expect(during.length).toBeGreaterThanOrEqual(5);
    expect(during.slice(2)).toEqual(Array(during.length - 2).fill(PROGRESS));
    expect(beats).toEqual(during);
  });

  it('end with a transfer that fails, too', async () => {
    const repository = await world.mirror('ada/engine');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const beats: unknown[] = [];
    const env = world.environment().on('heartbeat', (details) => beats.push(details));
    const port = transferDouble(() => Promise.reject(new Failure('TransferFailed', 'it did')));

    await failureOf(env.run(world.activities({ transfer: port }).transfer, input(repository)));
    vi.advanceTimersByTime(60_000);

    expect(beats).toEqual([undefined]);
  });
});

describe('cancellation', () => {
  it('reaches the transfer, is waited for, and ends as a cancellation', async () => {
    const repository = await world.mirror('ada/engine');
    const env = world.environment();
    const tidied: string[] = [];
    const port = transferDouble(async (_, { signal }) => {
      setImmediate(() => env.cancel());
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise((resolve) => setImmediate(resolve));
      tidied.push('processes gone');
      throw signal.reason;
    });

    const ended = await env
      .run(world.activities({ transfer: port }).transfer, input(repository))
      .catch((error: unknown) => error);

    expect(ended).toBeInstanceOf(CancelledFailure);
    expect(tidied).toEqual(['processes gone']);
  });
});

let cacheDir: string;
let clone: Transfer;
let source: Repo;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'activities-'));
  const redact = createRedactor([world.github.token, world.onedev.token]);
  clone = createCloneTransfer({ cacheDir: join(cacheDir, 'cache'), redact });
  source = await createRepo(join(cacheDir, 'source.git'), { branches: ['topic'], tags: 3, annotatedTags: 1, pulls: 1 });
});

afterEach(() => rm(cacheDir, { recursive: true, force: true, maxRetries: 5 }));

describe('with real git', () => {
  const mirrored = () => {
    const credentials = Buffer.from(`x-access-token:${world.onedev.token}`).toString('base64');
    return lsRemote(`${world.onedev.url}/github/ada/engine.git`, [`Authorization: Basic ${credentials}`]);
  };

  const headsAndTags = async (): Promise<Record<string, string>> =>
    Object.fromEntries(Object.entries(await refsOf(source)).filter(([name]) => /^refs\/(?:heads|tags)\//.test(name)));

  it('OneDev has the heads and tags of GitHub, and again after a push', async () => {
    const repository = await world.mirror('ada/engine');
    repository.gitDir = source.dir;
    const activities = world.activities({ transfer: clone });

    const first = await transfer(repository, activities);
    const same = await mirrored();
    const expected = await headsAndTags();
    await commit(source);
    const second = await transfer(repository, activities);

    expect(first).toMatchObject({ outcome: 'changed', defaultBranch: 'main', refs: { created: 6 } });
    expect(same).toEqual(expected);
    expect(second).toMatchObject({ outcome: 'changed', refs: { updated: 1, created: 0 } });
    expect(await mirrored()).toEqual(await headsAndTags());
  });

  it('a transfer that is cancelled on its way ends as a cancellation, and the next one finishes the work', async () => {
    const repository = await world.mirror('ada/engine');
    repository.gitDir = source.dir;
    const activities = world.activities({ transfer: clone });
    const env = world.environment();
    world.onedev.failNext({ match: /git-receive-pack/, before: () => env.cancel() });

    const ended = await env.run(activities.transfer, input(repository)).catch((error: unknown) => error);
    const report = await transfer(repository, activities);

    expect(ended).toBeInstanceOf(CancelledFailure);
    expect(report.outcome).toBe('changed');
    expect(await mirrored()).toEqual(await headsAndTags());
  });

  it('a repository GitHub no longer serves is a failure without a token in its words', async () => {
    const repository = await world.mirror('ada/engine');

    const failure = await failureOf(transfer(repository, world.activities({ transfer: clone })));

    expect(failure.type).toBe('SourceGone');
    expect(failure.message).not.toContain(world.github.token);
  });
});
