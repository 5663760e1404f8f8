import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { proxy } from 'hono/proxy';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { requireChromium } from '../../scripts/chromium.ts';
import { openServer } from '../../src/api/server.ts';
import { createReceiver } from '../api/receiver.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN_KEY, GITHUB_TOKEN, withUnconfigured } from '../support/unconfigured.ts';
import { buildUi, hindrances, PATIENCE_MS, picture } from './world.ts';

/** A person's first minutes, on a real `starkeep up` that nothing was set for. */

vi.setConfig({ testTimeout: 5 * PATIENCE_MS, hookTimeout: 5 * PATIENCE_MS });
const world = withUnconfigured();
let browser: Browser;
let server: Server;
let page: Page;

beforeAll(async () => {
  // The pages are those of the sources, whatever the installation under test was built with; all else is its own answer.
  const { app } = createReceiver({ webDir: await buildUi() });
  app.all('/api/*', async (c) => {
    const { pathname, search } = new URL(c.req.url);
    try {
      return await proxy(`${world.starkeep.apiUrl}${pathname}${search}`, { ...c.req, headers: { ...c.req.header() } });
    } catch {
      // It is just starting again; what stands before it says so in its own way.
      return c.text('Bad Gateway', 502);
    }
  });
  server = openServer({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  browser = await chromium.launch({ executablePath: requireChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  const { port } = server.address() as AddressInfo;
  page = await browser.newPage({ baseURL: `http://127.0.0.1:${port}`, viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
});

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

afterEach(({ task }) => (task.result?.state === 'fail' ? picture(page, 'first-run-failed') : undefined));

/** What keeps people out is nowhere; and a picture. */
async function looked(name: string): Promise<void> {
  expect(await hindrances(page)).toEqual([]);
  await picture(page, name);
}

const next = () => page.getByRole('button', { name: 'Next' }).click();

describe('the first run', () => {
  it('leads from the key that was printed to the first sync, and each step says whether it works', async () => {
    await page.goto('/');
    await page.getByLabel('API key').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Whose stars are kept?').waitFor();

    // The stand-in is another GitHub than the one that is the default; a person enters that address by the command or the environment.
    const { enter } = await entering();
    await enter({ GITHUB_TOKEN, GITHUB_URL: world.github.url, GITHUB_API_URL: world.github.apiUrl });
    await page.reload();
    await page.getByRole('button', { name: 'Whose stars' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill('not-the-token');
    await page.getByRole('button', { name: 'Test GitHub' }).click();
    await page.getByText('GitHub refused the token').first().waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill(GITHUB_TOKEN);
    await page.getByRole('button', { name: 'Test GitHub' }).click();
    await page.getByText('It works').waitFor();
    await looked('first-run-github');
    await next();

    await page.getByText('Where are they kept?').waitFor();
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Address' }).fill(world.onedev.url);
    await page.getByRole('textbox', { name: 'Access token' }).fill(world.onedev.token);
    await page.getByRole('button', { name: 'Test OneDev' }).click();
    await page.getByText('It works').waitFor();
    await looked('first-run-onedev');
    await next();

    await page.getByText('Keeps 2 of 2').waitFor();
    await page.getByLabel('Never keep').fill('*/notes');
    await page.getByText('Keeps 1 of 2').waitFor();
    await looked('first-run-filters');
    await next();

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByTestId('state').waitFor();
    await page.getByText('All 1 safe').waitFor();
    await picture(page, 'first-run-home');
    expect(world.onedev.projects().map(({ path }) => path)).toContain('github/ada/engine');
  });

  it('is followed by settings that are entered and taken back on their page', async () => {
    await page.goto('/settings?tab=all');
    await page.getByRole('button', { name: 'Change STARKEEP_UNSTAR_GRACE' }).click();
    const field = page.getByRole('textbox', { name: 'STARKEEP_UNSTAR_GRACE' });
    await field.fill('soon');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('STARKEEP_UNSTAR_GRACE must be').first().waitFor();
    await field.fill('3d');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('3d', { exact: true }).waitFor();
    await looked('settings-entered');

    await page.getByRole('button', { name: 'Change STARKEEP_UNSTAR_GRACE' }).click();
    await page.getByRole('button', { name: 'Take it back' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('7d', { exact: true }).waitFor();
  });
});

/** As a command or another page would. */
async function entering() {
  const answer = (path: string, init: RequestInit = {}) =>
    fetch(`${world.starkeep.apiUrl}/api/v1${path}`, {
      ...init,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    });
  return {
    async enter(settings: Record<string, string>) {
      expect((await answer('/settings', { method: 'POST', body: JSON.stringify({ settings }) })).status).toBe(200);
      await eventually(async () => {
        try {
          return ((await (await answer('/settings')).json()) as { isBehind: boolean }).isBehind === false;
        } catch {
          // It is just starting again.
          return false;
        }
      }, 60_000);
    },
  };
}
