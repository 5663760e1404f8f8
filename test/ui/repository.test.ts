import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createArchives } from '../../src/adapters/git/archives.ts';
import { createStreamTransfer } from '../../src/adapters/git/stream.ts';
import { createOnedev, type Onedev } from '../../src/adapters/onedev.ts';
import type { TransferProgress } from '../../src/domain/model.ts';
import type { V1Ports } from '../../src/api/v1/app.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { commit, createRepo, readRef, refsOf } from '../support/repo.ts';
import { furnish, PATIENCE_MS, withUi } from './world.ts';

/** One repository: what happened to it, what is kept of it, and what a person does about it. */

const redact = createRedactor([]);

/** What runs, by repository id. */
const running = new Map<string, TransferProgress | null>();

const archives: V1Ports['archives'] = {
  ...createArchives({ redact }),
  gitRemote: (project) => target.gitRemote(project),
};

const world = withUi({
  archives,
  transfers: {
    progress: async (repoId) => {
      const latest = running.get(repoId);
      return latest === undefined
        ? null
        : { startedAt: new Date(Date.now() - 65_000).toISOString(), attempt: 2, latest };
    },
  },
});

let dir: string;
let github: GithubStandin;
let onedev: OnedevStandin;
let target: Onedev;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starkeep-ui-'));
  github = await createGithubStandin();
  onedev = await createOnedevStandin();
  target = createOnedev({ url: onedev.url, token: onedev.token, parent: 'github', userAgent: 'starkeep-test' });
});

afterAll(async () => {
  await github.close();
  await onedev.close();
  await rm(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  running.clear();
  await furnish(world);
});

const query = (text: string, values: unknown[] = []) => world.store.db.query(text, values);

/** A mirror on the stand-in whose branch `wip` was rewritten upstream since. @returns its old tip */
async function addRewritten(): Promise<{ mirrorId: string; tip: string; gitDir: string }> {
  const source = await createRepo(join(dir, 'engine.git'), { commits: 3, branches: ['wip'] });
  const upstream = github.addRepository({ fullName: 'ada/rewritten', gitDir: source.dir });
  const mirrorId = `github-${upstream.id}` as const;
  const project = await target.ensureProject({
    mirrorId,
    fullName: upstream.fullName,
    description: null,
    htmlUrl: github.url,
    known: null,
  });
  await world.addMirror(String(upstream.id), upstream.fullName);
  await world.store.mirrors.saveProject(mirrorId, project);

  const sync = async () => {
    const transfer = createStreamTransfer({ redact });
    const request = {
      mirrorId,
      source: {
        url: `${github.url}/${upstream.fullName}.git`,
        auth: { kind: 'basic', username: 'x-access-token', password: github.token },
      },
      target: target.gitRemote(project),
      knownDigest: null,
      rewritePolicy: 'keep-old',
      setDefaultBranch: (branch: string) => target.setDefaultBranch(project.projectId, branch),
    } as const;
    await transfer.run(request, { signal: new AbortController().signal, onProgress: () => undefined });
    transfer.close();
  };
  await sync();
  const tip = (await readRef(source, 'refs/heads/wip')) ?? '';
  await commit(source, { branch: 'wip', parent: null, message: 'begun anew' });
  await sync();
  return { mirrorId, tip, gitDir: onedev.project(project.path)?.gitDir ?? '' };
}

describe('archived tips', () => {
  it('are listed, and one is brought back as a branch on OneDev', async () => {
    const { mirrorId, tip, gitDir } = await addRewritten();
    const page = await world.page({ path: `/repositories/${mirrorId}` });

    await page.getByRole('button', { name: `Restore wip, ${tip.slice(0, 10)}` }).click();
    await page.getByText(/It is there again as restored\/.*\/wip/).waitFor();

    const branches = Object.entries(await refsOf({ dir: gitDir })).filter(([name]) => name.includes('restored/'));
    expect(branches.map(([, oid]) => oid)).toEqual([tip]);
    await page.getByText(/^back as restored\//).waitFor();
    expect((await world.store.audit.read({ limit: 1 }))[0]).toMatchObject({
      action: 'archive.restore',
      subject: mirrorId,
      actor: 'admin key',
    });
  });
});

describe('a transfer that runs', () => {
  it('has its phase, bytes, rate, time and bar on the home page and on its own, and they go on', async () => {
    await query(`update mirrors set status = 'in_progress' where mirror_id = 'github-1'`);
    const at = (phase: TransferProgress['phase'], bytes: number): TransferProgress => {
      return { phase, bytes, bytesPerSecond: 2_000_000, objects: 1, refsDone: 0, refsTotal: 3 };
    };
    running.set('1', at('fetching', 12_000_000));
    const page = await world.page();
    const section = page.getByRole('region', { name: 'Syncing now' });
    const bar = section.getByRole('progressbar');

    await section.getByText(/^12 MB · 2 MB\/s · 1 min \d+ s$/).waitFor();
    await section.getByText('attempt 2').waitFor();
    const before = Number(await bar.getAttribute('aria-valuenow'));
    running.set('1', at('pushing', 48_000_000));
    await section.getByText(/^48 MB · 2 MB\/s/).waitFor();
    expect(Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(before);

    await page.goto('/repositories/github-1');
    await page
      .getByRole('region', { name: 'Syncing now' })
      .getByText(/^48 MB/)
      .waitFor();
    running.clear();
    await query(`update mirrors set status = 'completed' where mirror_id = 'github-1'`);
    await page.getByRole('region', { name: 'Syncing now' }).waitFor({ state: 'detached' });
  });
});

describe('what happened', () => {
  it('opens to phases, changes, the error in plain words, and the run in Temporal', async () => {
    const page = await world.page({ path: '/repositories/github-4' });

    const attempt = page.getByRole('button', { name: /The OneDev token may not do this/ }).first();
    await attempt.click();
    await page.getByRole('row', { name: 'Fetching from GitHub 4.2 s' }).first().waitFor();
    const link = page.getByRole('link', { name: /Its run in Temporal/ }).first();

    expect(await link.getAttribute('href')).toMatch(
      /^https:\/\/temporal\.test\/namespaces\/default\/workflows\/mirror-github-4\/run-\d+$/,
    );
    expect(await page.getByRole('link', { name: /On GitHub/ }).getAttribute('href')).toContain('ada/engine');
    expect(await page.getByRole('link', { name: /On OneDev/ }).getAttribute('href')).toBe(
      'https://onedev.test/github/ada/engine',
    );
  });
});

describe('the buttons of a repository', () => {
  it('sync it, and keep it for ever', async () => {
    const page = await world.page({ path: '/repositories/github-1' });

    await page.getByRole('button', { name: 'Sync now: torvalds/linux' }).click();
    await page.getByText('torvalds/linux is compared with GitHub now.').waitFor();
    await page.getByRole('button', { name: 'Keep for ever' }).click();
    await page.getByText('torvalds/linux is kept for ever').waitFor();
    await page.getByText('yes, added by hand').waitFor();

    expect(world.control.decisions.map(([, decision]) => decision)).toEqual(['syncNow']);
    expect(await query(`select full_name from mirrors where pinned`)).toEqual([{ full_name: 'torvalds/linux' }]);
    expect(await page.getByRole('button', { name: 'Keep for ever' }).count()).toBe(0);
  });

  it('delete what is not starred, once its name is typed', async () => {
    await query(`update mirrors set starred = false, pinned = true where mirror_id = 'github-2'`);
    const page = await world.page({ path: '/repositories/github-2' });

    await page.getByRole('button', { name: 'Delete now: denoland/deno' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Type denoland/deno to confirm').fill('denoland/node');
    expect(await dialog.getByRole('button', { name: 'Delete now' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Type denoland/deno to confirm').fill('denoland/deno');
    await dialog.getByRole('button', { name: 'Delete now' }).click();
    await page.getByText('denoland/deno is deleted now').waitFor();

    expect(world.control.events).toMatchObject([{ kind: 'unstarred', fullName: 'denoland/deno', by: 'admin key' }]);
    expect(await query(`select pinned from mirrors where mirror_id = 'github-2'`)).toEqual([{ pinned: false }]);
  });

  it('call a deletion off from its page and from the home page', async () => {
    const page = await world.page();

    await page.getByRole('button', { name: 'Undo, keep it: old/unstarred' }).click();
    await page.getByText('old/unstarred is kept.').first().waitFor();
    await page.goto('/repositories/github-7');
    await page.getByRole('button', { name: 'Undo, keep it: old/unstarred' }).click();
    await page.getByText('old/unstarred is kept.').first().waitFor();

    await expect
      .poll(() => world.control.decisions.map(([, decision]) => decision), { timeout: PATIENCE_MS })
      .toEqual(['cancelDeletion', 'cancelDeletion']);
  });

  it('look at what nobody looked at for a day', async () => {
    const page = await world.page();

    await page.getByRole('region', { name: 'Not looked at for a day' }).getByText('sqlite/sqlite').waitFor();
    await page.getByRole('button', { name: 'Sync now: sqlite/sqlite' }).click();
    await page.getByText('sqlite/sqlite is compared with GitHub now.').waitFor();

    expect(world.control.decisions.map(([{ repoId }, decision]) => `${decision} ${repoId}`)).toEqual(['syncNow 3']);
  });
});
