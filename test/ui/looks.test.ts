import { beforeEach, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { furnish, furnishLists, hindrances, picture, withUi } from './world.ts';

/** Every page, tab, dialog and menu, in the light, in the dark and on a phone: to be looked at, and kept free of what keeps people out. */

const world = withUi();

beforeEach(async () => {
  await furnish(world);
  await furnishLists(world);
});

interface View {
  name: string;
  path: string;
  /** What is there once it is there. */
  shows: string;
  /** What a person opens on it. */
  open?: (page: Page) => Promise<void>;
}

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const VIEWS: View[] = [
  { name: 'home', path: '/', shows: 'GitHub’s hourly budget' },
  { name: 'repositories', path: '/repositories', shows: 'torvalds/linux' },
  { name: 'repositories-none', path: '/repositories?search=nowhere', shows: 'No repository fits' },
  {
    name: 'repositories-chosen',
    path: '/repositories',
    shows: 'torvalds/linux',
    open: (page) => page.getByRole('checkbox', { name: 'Choose all that are loaded' }).check(),
  },
  { name: 'repositories-add', path: '/repositories', shows: 'torvalds/linux', open: press('Add one') },
  { name: 'repository', path: '/repositories/github-4', shows: 'The OneDev token may not do this' },
  {
    name: 'repository-attempt',
    path: '/repositories/github-4',
    shows: 'Starred',
    open: press(/The OneDev token may not do this/),
  },
  { name: 'repository-safe', path: '/repositories/github-1', shows: 'About torvalds/linux' },
  { name: 'repository-none', path: '/repositories/github-404', shows: 'There is no such repository here' },
  { name: 'deletions', path: '/deletions', shows: 'old/unstarred' },
  { name: 'deletions-delete', path: '/deletions', shows: 'old/unstarred', open: press('Delete now: old/unstarred') },
  { name: 'deletions-decided', path: '/deletions?state=done', shows: 'gone/before' },
  { name: 'deliveries', path: '/deliveries', shows: 'Passed on' },
  { name: 'delivery', path: '/deliveries?guid=guid-push', shows: 'What was passed on' },
  { name: 'batches', path: '/batches', shows: 'Everything that failed' },
  { name: 'batch', path: '/batches/1', shows: 'GitHub did not answer' },
  { name: 'alerts', path: '/alerts', shows: 'The token ends in 3 days' },
  { name: 'audit', path: '/audit', shows: 'Check the seals', open: press('Check the seals') },
  {
    name: 'audit-entry',
    path: '/audit?action=test.looked',
    shows: 'test.looked',
    open: (page) => page.getByRole('cell', { name: 'test.looked' }).first().click(),
  },
  { name: 'settings', path: '/settings', shows: 'Test GitHub' },
  { name: 'settings-filters', path: '/settings?tab=filters', shows: 'Try filters' },
  { name: 'settings-keys', path: '/settings?tab=keys', shows: 'admin key' },
  { name: 'settings-all', path: '/settings?tab=all', shows: 'All settings' },
  { name: 'start', path: '/start', shows: 'Whose stars' },
  { name: 'nowhere', path: '/nowhere', shows: 'There is no such page' },
  { name: 'keyboard', path: '/alerts', shows: 'The token ends in 3 days', open: (page) => page.keyboard.press('?') },
  { name: 'person', path: '/alerts', shows: 'The token ends in 3 days', open: press('Logged in as') },
];

describe.each([
  ['light', {}],
  ['dark', { dark: true }],
  ['phone', { phone: true }],
] as const)('every page, in the %s', (look, options) => {
  // Thirty pages, each drawn and examined: minutes beside everything else that a run does.
  it('keeps nobody out, is as wide as its window, and has its picture taken', { timeout: 900_000 }, async () => {
    const page = await world.page(options);
    const found: string[] = [];
    for (const { name, path, shows, open } of VIEWS) {
      await page.goto(path);
      await page.getByText(shows).first().waitFor();
      await page
        .getByRole('status', { name: /^Loading/ })
        .first()
        .waitFor({ state: 'detached' });
      await open?.(page);
      if (open && !/chosen|attempt|audit$/.test(name))
        await page
          .getByRole(name === 'person' ? 'menu' : 'dialog')
          .first()
          .waitFor();
      await picture(page, `${name}-${look}`);
      const width = Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'));
      if (width > 0) found.push(`${name}: ${width} pixels wider than the window`);
      found.push(...(await hindrances(page)).map((hindrance) => `${name}: ${hindrance}`));
    }

    expect(found).toEqual([]);
  });

  it('asks for a key first', async () => {
    const page = await world.page({ ...options, as: null });
    await page.getByLabel('API key').waitFor();
    await picture(page, `login-${look}`);

    expect(await hindrances(page)).toEqual([]);
  });
});
