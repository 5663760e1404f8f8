import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Gate } from './shell/gate.tsx';
import { NotFound } from './shell/not-found.tsx';
import { BrokenPage } from './shell/broken-page.tsx';
import { LoadingPage } from './parts/states.tsx';
import { SORT_COLUMNS, type MirrorFilters } from './api/queries.ts';
import type { AuditFilters, DeliveryFilters, MirrorSort, Status } from './api/types.ts';
import { STATUSES } from './words.ts';

/** Every address of this UI. What a page shows is in its address, so it can be kept, sent and gone back to. */

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound, errorComponent: BrokenPage });

type Search = Record<string, unknown>;

const SORTS: readonly MirrorSort[] = SORT_COLUMNS.flatMap((name) => [name, `-${name}` as const]);

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/home/home.tsx'), 'Home'),
});

const repositories = createRoute({
  getParentRoute: () => root,
  path: '/repositories',
  validateSearch: (search: Search): MirrorFilters => ({
    search: textIn(search, 'search'),
    status: listIn(search, 'status')?.filter(isStatus),
    owner: textIn(search, 'owner'),
    language: textIn(search, 'language'),
    errorKind: textIn(search, 'errorKind'),
    minBytes: numberIn(search, 'minBytes'),
    maxBytes: numberIn(search, 'maxBytes'),
    stale: search['stale'] === true || search['stale'] === 'true' ? true : undefined,
    sort: choiceIn(search, 'sort', SORTS),
  }),
  component: lazyRouteComponent(() => import('./pages/repositories/repositories.tsx'), 'Repositories'),
});

const repository = createRoute({
  getParentRoute: () => root,
  path: '/repositories/$mirrorId',
  component: lazyRouteComponent(() => import('./pages/repository/repository.tsx'), 'Repository'),
});

const deletions = createRoute({
  getParentRoute: () => root,
  path: '/deletions',
  validateSearch: (search: Search): { state?: 'done' | undefined } => ({
    state: choiceIn(search, 'state', ['done'] as const),
  }),
  component: lazyRouteComponent(() => import('./pages/deletions.tsx'), 'Deletions'),
});

const deliveries = createRoute({
  getParentRoute: () => root,
  path: '/deliveries',
  validateSearch: (search: Search): DeliveryFilters & { guid?: string | undefined } => ({
    event: textIn(search, 'event'),
    outcome: choiceIn(search, 'outcome', ['accepted', 'ignored'] as const),
    fullName: textIn(search, 'fullName'),
    guid: textIn(search, 'guid'),
  }),
  component: lazyRouteComponent(() => import('./pages/deliveries.tsx'), 'Deliveries'),
});

const batches = createRoute({
  getParentRoute: () => root,
  path: '/batches',
  component: lazyRouteComponent(() => import('./pages/batches.tsx'), 'Batches'),
});

const batch = createRoute({
  getParentRoute: () => root,
  path: '/batches/$batchId',
  component: lazyRouteComponent(() => import('./pages/batch.tsx'), 'BatchPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search: Search): AuditFilters => ({
    actor: textIn(search, 'actor'),
    action: textIn(search, 'action'),
    subject: textIn(search, 'subject'),
    since: textIn(search, 'since'),
    until: textIn(search, 'until'),
  }),
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'Audit'),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: (search: Search): { state?: 'all' | undefined } => ({
    state: choiceIn(search, 'state', ['all'] as const),
  }),
  component: lazyRouteComponent(() => import('./pages/alerts.tsx'), 'Alerts'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search: Search): { tab?: string | undefined } => ({ tab: textIn(search, 'tab') }),
  component: lazyRouteComponent(() => import('./pages/settings.tsx'), 'Settings'),
});

const firstRun = createRoute({
  getParentRoute: () => root,
  path: '/start',
  component: lazyRouteComponent(() => import('./pages/first-run.tsx'), 'FirstRun'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    repositories,
    repository,
    deletions,
    deliveries,
    batches,
    batch,
    audit,
    alerts,
    settings,
    firstRun,
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: LoadingPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

function textIn(search: Search, name: string): string | undefined {
  const value = search[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function choiceIn<Choice extends string>(search: Search, name: string, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === search[name]);
}

function isStatus(text: string): text is Status {
  return STATUSES.some((status) => status === text);
}

function listIn(search: Search, name: string): string[] | undefined {
  const value = search[name];
  const list = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(',') : [];
  return list.length > 0 ? list.filter(Boolean) : undefined;
}

function numberIn(search: Search, name: string): number | undefined {
  const value = Number(search[name]);
  return search[name] !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}
