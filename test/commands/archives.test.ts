import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCloneTransfer } from '../../src/adapters/git/clone.ts';
import { createStreamTransfer } from '../../src/adapters/git/stream.ts';
import { createOnedev } from '../../src/adapters/onedev.ts';
import type { EnsuredProject } from '../../src/domain/ports.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { repository, withStore } from '../adapters/postgres/test-store.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { run } from '../support/cli.ts';
import { commit, createRepo, git, readRef, refsOf, type Repo, setRefs } from '../support/repo.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `starkeep history` and `restore`, over a real record and real repositories behind the stand-in. */

const store = withStore();
let dir: string;
let github: GithubStandin;
let onedev: OnedevStandin;
let source: Repo;
let upstream: StandinRepository;
let project: EnsuredProject;
let count = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archives-'));
  github = await createGithubStandin();
  onedev = await createOnedevStandin();
});

afterAll(async () => {
  await github.close();
  await onedev.close();
  await rm(dir, { recursive: true, force: true });
});

const target = () =>
  createOnedev({ url: onedev.url, token: onedev.token, parent: 'github', userAgent: 'starkeep-test' });

beforeEach(async () => {
  count += 1;
  const fullName = `ada/engine-${count}`;
  source = await createRepo(join(dir, `${count}.git`), { commits: 3, branches: ['wip'], annotatedTags: 1 });
  upstream = github.addRepository({ fullName, gitDir: source.dir });
  project = await target().ensureProject({
    mirrorId: `github-${upstream.id}`,
    fullName,
    description: null,
    htmlUrl: github.url,
    known: null,
  });
  await store.mirrors.saveUpstream(store.account.accountId, repository(String(upstream.id), { fullName }), true, false);
  await store.mirrors.saveProject(`github-${upstream.id}`, project);
  await store.db.query(`update mirrors set status = 'completed'`);
});

const transports = {
  stream: () => createStreamTransfer({ redact: createRedactor([]) }),
  clone: () => createCloneTransfer({ cacheDir: join(dir, 'cache'), redact: createRedactor([]) }),
};

async function sync(transport: keyof typeof transports = 'stream', archivesExpireBefore?: string) {
  const transfer = transports[transport]();
  const mirrorId = `github-${upstream.id}` as const;
  const request = {
    mirrorId,
    source: await sourceRemote(),
    target: target().gitRemote(project),
    knownDigest: null,
    rewritePolicy: 'keep-old',
    setDefaultBranch: (branch: string) => target().setDefaultBranch(project.projectId, branch),
    ...(archivesExpireBefore === undefined ? {} : { archivesExpireBefore }),
  } as const;
  const report = await transfer.run(request, { signal: new AbortController().signal, onProgress: () => undefined });
  if ('close' in transfer) (transfer as { close(): void }).close();
  return report;
}

async function sourceRemote() {
  const auth = { kind: 'basic', username: 'x-access-token', password: github.token } as const;
  return { url: `${github.url}/${upstream.fullName}.git`, auth };
}

const starkeep = (...args: string[]) =>
  run(args, { DATABASE_URL: store.database.url, ONEDEV_URL: onedev.url, ONEDEV_TOKEN: onedev.token });

const mirrored = (): Repo => ({ dir: onedev.project(project.path)?.gitDir ?? '' });

/** Upstream rewrites `wip` and removes the tag. */
async function rewrite(): Promise<{ wip: string; tag: string }> {
  const wip = (await readRef(source, 'refs/heads/wip')) ?? '';
  const tag = (await readRef(source, 'refs/tags/v0.1.0')) ?? '';
  await commit(source, { branch: 'wip', parent: null, message: 'begun anew' });
  await setRefs(source, [{ name: 'refs/tags/v0.1.0', oid: null }]);
  return { wip, tag };
}

describe('what upstream rewrote', () => {
  it('is listed, comes back as a branch that stays, and is whole', async () => {
    await sync();
    const { wip } = await rewrite();
    await sync();

    const listed = await starkeep('history', upstream.fullName);
    const restored = await starkeep('restore', upstream.fullName, '--branch', 'wip', '--by', 'ann');
    const again = await starkeep('restore', upstream.fullName, '--branch', 'wip', '--by', 'ann');
    await commit(source);
    await sync('stream');
    await sync('clone');

    expect(listed.stdout).toContain('2 old tips kept');
    expect(listed.stdout).toMatch(new RegExp(`wip .*${wip.slice(0, 12)}`));
    expect(restored.stdout).toMatch(/wip as it was until .* is on OneDev as restored\/.*\/wip/);
    expect(again.stdout).toContain('is already on OneDev');
    const kept = Object.entries(await refsOf(mirrored())).filter(([name]) => name.startsWith('refs/heads/restored/'));
    expect(kept.map(([, oid]) => oid)).toEqual([wip]);
    await git(mirrored(), ['fsck', '--full', '--strict']);
    const [event] = await store.db.query(
      `select actor, action, subject from audit_events where action like 'archive.%'`,
    );
    expect(event).toEqual({ actor: 'ann', action: 'archive.restore', subject: `github-${upstream.id}` });
  });

  it('comes back as a tag when it was one', async () => {
    await sync();
    const { tag } = await rewrite();
    await sync();

    const { stdout } = await starkeep('restore', upstream.fullName, '--branch', 'tags/v0.1.0', '--by', 'ann');

    expect(stdout).toMatch(/is on OneDev as tags\/restored\/.*\/v0\.1\.0/);
    const tags = Object.entries(await refsOf(mirrored())).filter(([name]) => name.startsWith('refs/tags/restored/'));
    expect(tags.map(([, oid]) => oid)).toEqual([tag]);
  });

  it.each(['stream', 'clone'] as const)('is removed when its time is over, by %s', async (transport) => {
    await sync(transport);
    await rewrite();
    await sync(transport);
    const before = await starkeep('history', upstream.fullName, '--json');

    const report = await sync(transport, new Date(Date.now() + 60_000).toISOString());
    const after = await starkeep('history', upstream.fullName, '--json');

    expect(JSON.parse(before.stdout)).toHaveLength(2);
    expect(JSON.parse(after.stdout)).toEqual([]);
    expect(report.refs.deleted).toBe(0);
  });

  it('is told when there is nothing, or not enough was said', async () => {
    await sync();

    const nothing = await starkeep('history', upstream.fullName);
    const refused = await starkeep('restore', upstream.fullName, '--by', 'ann');
    const wrong = await starkeep('restore', upstream.fullName, '--at', 'yesterday', '--by', 'ann');

    expect(nothing.stdout).toContain('upstream has rewritten or removed nothing since it is mirrored');
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('Nothing was archived of this mirror')]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--at must be a time such as 2026-11-23')]);
  });
});
