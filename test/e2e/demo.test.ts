import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { requireChromium } from '../../scripts/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { createRepo, refsOf } from '../support/repo.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A demo beside everything else that a run does on two processors. */
const PATIENCE_MS = 240_000;

interface Demo {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

/** Runs the demo as `npm run demo -- …` does. */
function demo(...args: string[]): Demo {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'demo/main.ts'), ...args], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, output: () => output, ended };
}

async function leftBehind(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('starkeep-demo-'));
}

describe('npm run demo', { timeout: 240_000 }, () => {
  it('mirrors a dozen kinds of repository, walks the tour, and ends with every repository equal', async () => {
    const { ended, output } = demo('--exit');

    const code = await ended;

    expect(output()).toContain('Every repository is equal on both sides');
    expect(output()).toMatch(/the commit is on OneDev \d+\.\d s after the webhook/);
    expect(output()).toMatch(/the old tip is kept as refs\/starkeep\//);
    expect(output()).toContain('github/tour/unstarred is gone from OneDev');
    expect(output()).toContain('but refs/tags/v1.28.2+k3s1');
    expect(code).toBe(0);
    expect(await leftBehind()).toEqual([]);
  });

  it('does the same with bare repositories of the user, which it only reads', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'your-repositories-'));
    const repo = await createRepo(join(dir, 'someone', 'project.git'), { commits: 4, branches: ['x/y'], tags: 3 });
    await createRepo(join(dir, 'Other project!.git'), { defaultBranch: 'trunk', annotatedTags: 2 });
    const before = await refsOf(repo);

    const { ended, output } = demo('--repos', dir, '--exit');
    const code = await ended;

    expect(output()).toContain('Using your 2 repositories');
    expect(output()).toMatch(/someone\/project .*completed .*yes/);
    expect(output()).toMatch(/upstream\/Other-project- .*completed .*yes/);
    expect(code).toBe(0);
    expect(await refsOf(repo)).toEqual(before);
    await rm(dir, { recursive: true });
  });

  it('leaves a repository that fails, which a stranger mends on the first screen, and ends cleanly at Ctrl-C', async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: ROOT });
    const { child, ended, output } = demo();
    await eventually(() => output().includes('Ctrl-C ends everything'), PATIENCE_MS);

    const [, url = '', key = ''] = /(http:\S+) {3}\(log in with the key (\S+)\)/.exec(output()) ?? [];
    const browser = await chromium.launch({
      executablePath: requireChromium(),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(url);
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Log in' }).click();
      const failing = page.getByRole('region', { name: 'Failing now' });
      const retry = failing.getByRole('button', { name: 'Retry now: tour/pushed-to' });
      await retry.waitFor();
      const { y = Infinity, height = 0 } = (await retry.boundingBox()) ?? {};
      expect(y + height).toBeLessThan(720);
      expect(await failing.textContent()).toContain('The OneDev token may not do this');
      await retry.click();
      await failing.waitFor({ state: 'detached' });
      await page.getByText(/^All \d+ safe$/).waitFor();
    } finally {
      await browser.close();
      child.kill('SIGINT');
    }
    await ended;

    expect(output()).toContain('Stopping');
    expect(await leftBehind()).toEqual([]);
  }, 600_000);

  it.each([
    [['--repos', '/nowhere/at/all'], /ENOENT.*\/nowhere\/at\/all/],
    [['--repos', join(ROOT, 'docs')], /there is no bare repository in/],
    [['--fast'], /Unknown option '--fast'/],
  ])('explains wrong arguments (%j)', async (args, explanation) => {
    const { ended, output } = demo(...args);

    const code = await ended;

    expect(code).toBe(2);
    expect(output()).toMatch(explanation);
    expect(output()).toContain('npm run demo [-- --exit]');
  });
});
