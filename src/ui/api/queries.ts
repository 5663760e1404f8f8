import { infiniteQueryOptions, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { api, ask, Refused, Unreachable } from './client.ts';
import type { AuditFilters, DeliveryFilters, MirrorQuery, Who } from './types.ts';

/** Every question this UI asks, under the key by which news makes it be asked again. */

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session is over: the page asks for a key, and goes on where it was.
      if (error instanceof Refused && error.status === 401) queryClient.setQueryData(['session'], null);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => error instanceof Unreachable || (failures < 1 && !(error instanceof Refused)),
      retryDelay: (failures) => Math.min(1_000 * 2 ** failures, 10_000),
      // Only this machine has to be reachable, whatever the browser thinks of the internet.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** `null`: nobody is logged in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Who | null> => {
    try {
      return await ask(api.GET('/session', { signal }));
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const statsQuery = queryOptions({
  queryKey: ['stats'],
  queryFn: ({ signal }) => ask(api.GET('/stats', { signal })),
  refetchInterval: 60_000,
});

/** As an address has them: `stale` is there or not. */
export type MirrorFilters = Omit<MirrorQuery, 'stale'> & { stale?: boolean | undefined };

export const SORT_COLUMNS = ['name', 'pushedAt', 'lastSyncedAt', 'bytes', 'stars'] as const;

export type SortColumn = (typeof SORT_COLUMNS)[number];

export function queryFrom({ stale, ...filters }: MirrorFilters): MirrorQuery {
  return stale === undefined ? filters : { ...filters, stale: stale ? 'true' : 'false' };
}

/** A list is asked for page by page, each by what the one before ended with. */
const PAGED = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next }: { next: string | null }) => next ?? undefined,
};

export const MIRRORS_A_PAGE = 100;

export function mirrorsQuery(filters: MirrorFilters) {
  return infiniteQueryOptions({
    queryKey: ['mirrors', 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/mirrors', {
          params: { query: { ...queryFrom(filters), limit: MIRRORS_A_PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    ...PAGED,
  });
}

/** The first few of a kind, as the home page shows them. */
export function someMirrorsQuery(filters: MirrorFilters, limit: number) {
  return queryOptions({
    queryKey: ['mirrors', 'some', filters, limit],
    queryFn: ({ signal }) => ask(api.GET('/mirrors', { params: { query: { ...queryFrom(filters), limit } }, signal })),
  });
}

export const facetsQuery = queryOptions({
  queryKey: ['facets'],
  queryFn: ({ signal }) => ask(api.GET('/mirrors/facets', { signal })),
  staleTime: 60_000,
});

export function mirrorQuery(mirrorId: string) {
  return queryOptions({
    queryKey: ['mirror', mirrorId],
    queryFn: ({ signal }) => ask(api.GET('/mirrors/{id}', { params: { path: { id: mirrorId } }, signal })),
  });
}

export function timelineQuery(mirrorId: string) {
  return infiniteQueryOptions({
    queryKey: ['timeline', mirrorId],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/mirrors/{id}/timeline', {
          params: { path: { id: mirrorId }, query: { limit: 30, cursor: pageParam } },
          signal,
        }),
      ),
    ...PAGED,
  });
}

export function historyQuery(mirrorId: string) {
  return queryOptions({
    queryKey: ['history', mirrorId],
    queryFn: ({ signal }) => ask(api.GET('/mirrors/{id}/history', { params: { path: { id: mirrorId } }, signal })),
  });
}

export const runningQuery = queryOptions({
  queryKey: ['running'],
  queryFn: ({ signal }) => ask(api.GET('/running', { signal })),
  // How many bytes have come is told by nobody: it is asked.
  refetchInterval: ({ state }) => ((state.data?.transfers.length ?? 0) > 0 ? 2_000 : 15_000),
});

export function deliveriesQuery(filters: DeliveryFilters) {
  return infiniteQueryOptions({
    queryKey: ['deliveries', filters],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET('/deliveries', { params: { query: { ...filters, limit: 100, cursor: pageParam } }, signal })),
    ...PAGED,
  });
}

export function deliveryQuery(guid: string) {
  return queryOptions({
    queryKey: ['delivery', guid],
    queryFn: ({ signal }) => ask(api.GET('/deliveries/{guid}', { params: { path: { guid } }, signal })),
  });
}

export function deletionsQuery(state: 'open' | 'done') {
  return infiniteQueryOptions({
    queryKey: ['deletions', state],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET('/deletions', { params: { query: { state, cursor: pageParam } }, signal })),
    ...PAGED,
  });
}

/** Readings of the star list whose missing stars wait for a person. */
export const heldReadingsQuery = queryOptions({
  queryKey: ['readings'],
  queryFn: ({ signal }) => ask(api.GET('/readings', { params: { query: { held: 'true', limit: 20 } }, signal })),
});

export const batchesQuery = infiniteQueryOptions({
  queryKey: ['batches'],
  queryFn: ({ pageParam, signal }) =>
    ask(api.GET('/batches', { params: { query: { limit: 25, cursor: pageParam } }, signal })),
  ...PAGED,
  refetchInterval: ({ state }) =>
    state.data?.pages.some((page) => page.batches.some((batch) => batch.state === 'running')) ? 3_000 : false,
});

export function batchQuery(batchId: string) {
  return queryOptions({
    queryKey: ['batch', batchId],
    queryFn: ({ signal }) => ask(api.GET('/batches/{id}', { params: { path: { id: batchId } }, signal })),
    refetchInterval: ({ state }) => (state.data?.batch.state === 'running' ? 2_000 : false),
  });
}

export function auditQuery(filters: AuditFilters) {
  return infiniteQueryOptions({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET('/audit', { params: { query: { ...filters, limit: 100, cursor: pageParam } }, signal })),
    ...PAGED,
  });
}

export const chainQuery = queryOptions({
  queryKey: ['chain'],
  queryFn: ({ signal }) => ask(api.GET('/audit/chain', { signal })),
  staleTime: Infinity,
});

/** Where the servers beside Starkeep are. */
export const placesQuery = queryOptions({
  queryKey: ['places'],
  queryFn: ({ signal }) => ask(api.GET('/places', { signal })),
  staleTime: Infinity,
});

export function alertsQuery(state: 'open' | 'all') {
  return infiniteQueryOptions({
    queryKey: ['alerts', state],
    queryFn: ({ pageParam, signal }) =>
      ask(api.GET('/alerts', { params: { query: { state, limit: 50, cursor: pageParam } }, signal })),
    ...PAGED,
  });
}

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => ask(api.GET('/settings', { signal })),
  staleTime: 0,
});

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: ({ signal }) => ask(api.GET('/keys', { signal })),
});
