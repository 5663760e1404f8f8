import { infiniteQueryOptions, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { get, Refused, Unreachable } from './client.ts';
import type {
  Alert,
  ApiKey,
  AuditEvent,
  Batch,
  BatchProblem,
  Chain,
  Deletion,
  Delivery,
  DeliveryDetail,
  Facets,
  Mirror,
  MirrorPage,
  Places,
  RunningTransfer,
  Settings,
  Stats,
  Timeline,
  Tip,
  Who,
} from './types.ts';

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
      return await get<Who>('/session', {}, signal);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const statsQuery = queryOptions({
  queryKey: ['stats'],
  queryFn: ({ signal }) => get<Stats>('/stats', {}, signal),
  refetchInterval: 60_000,
});

export interface MirrorFilters {
  search?: string | undefined;
  status?: string[] | undefined;
  owner?: string | undefined;
  language?: string | undefined;
  errorKind?: string | undefined;
  minBytes?: number | undefined;
  maxBytes?: number | undefined;
  stale?: boolean | undefined;
  sort?: string | undefined;
}

export const MIRRORS_A_PAGE = 100;

export function mirrorsQuery(filters: MirrorFilters) {
  return infiniteQueryOptions({
    queryKey: ['mirrors', 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      get<MirrorPage>('/mirrors', { ...filters, limit: MIRRORS_A_PAGE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** The first few of a kind, as the home page shows them. */
export function someMirrorsQuery(filters: MirrorFilters, limit: number) {
  return queryOptions({
    queryKey: ['mirrors', 'some', filters, limit],
    queryFn: ({ signal }) => get<MirrorPage>('/mirrors', { ...filters, limit }, signal),
  });
}

export const facetsQuery = queryOptions({
  queryKey: ['facets'],
  queryFn: ({ signal }) => get<Facets>('/mirrors/facets', {}, signal),
  staleTime: 60_000,
});

export function mirrorQuery(mirrorId: string) {
  return queryOptions({
    queryKey: ['mirror', mirrorId],
    queryFn: ({ signal }) => get<Mirror>(`/mirrors/${encodeURIComponent(mirrorId)}`, {}, signal),
  });
}

export function timelineQuery(mirrorId: string) {
  return infiniteQueryOptions({
    queryKey: ['timeline', mirrorId],
    queryFn: ({ pageParam, signal }) =>
      get<Timeline>(`/mirrors/${encodeURIComponent(mirrorId)}/timeline`, { limit: 30, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export function historyQuery(mirrorId: string) {
  return queryOptions({
    queryKey: ['history', mirrorId],
    queryFn: ({ signal }) => get<{ tips: Tip[] }>(`/mirrors/${encodeURIComponent(mirrorId)}/history`, {}, signal),
  });
}

export const runningQuery = queryOptions({
  queryKey: ['running'],
  queryFn: ({ signal }) => get<{ transfers: RunningTransfer[] }>('/running', {}, signal),
  // How many bytes have come is told by nobody: it is asked.
  refetchInterval: ({ state }) => ((state.data?.transfers.length ?? 0) > 0 ? 2_000 : 15_000),
});

export interface DeliveryFilters {
  event?: string | undefined;
  outcome?: string | undefined;
  fullName?: string | undefined;
}

export function deliveriesQuery(filters: DeliveryFilters) {
  return infiniteQueryOptions({
    queryKey: ['deliveries', filters],
    queryFn: ({ pageParam, signal }) =>
      get<{ deliveries: Delivery[]; next: string | null }>(
        '/deliveries',
        { ...filters, limit: 100, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export function deliveryQuery(guid: string) {
  return queryOptions({
    queryKey: ['delivery', guid],
    queryFn: ({ signal }) => get<DeliveryDetail>(`/deliveries/${encodeURIComponent(guid)}`, {}, signal),
  });
}

export function deletionsQuery(state: 'open' | 'done') {
  return infiniteQueryOptions({
    queryKey: ['deletions', state],
    queryFn: ({ pageParam, signal }) =>
      get<{ deletions: Deletion[]; next: string | null }>('/deletions', { state, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export const batchesQuery = infiniteQueryOptions({
  queryKey: ['batches'],
  queryFn: ({ pageParam, signal }) =>
    get<{ batches: Batch[]; next: string | null }>('/batches', { limit: 25, cursor: pageParam }, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next,
  refetchInterval: ({ state }) =>
    state.data?.pages.some((page) => page.batches.some((batch) => batch.state === 'running')) ? 3_000 : false,
});

export function batchQuery(batchId: string) {
  return queryOptions({
    queryKey: ['batch', batchId],
    queryFn: ({ signal }) =>
      get<{ batch: Batch; problems: BatchProblem[] }>(`/batches/${encodeURIComponent(batchId)}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.batch.state === 'running' ? 2_000 : false),
  });
}

export interface AuditFilters {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export function auditQuery(filters: AuditFilters) {
  return infiniteQueryOptions({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam, signal }) =>
      get<{ events: AuditEvent[]; next: string | null }>(
        '/audit',
        { ...filters, limit: 100, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export const chainQuery = queryOptions({
  queryKey: ['chain'],
  queryFn: ({ signal }) => get<Chain>('/audit/chain', {}, signal),
  staleTime: Infinity,
});

/** Where the servers beside Starkeep are. */
export const placesQuery = queryOptions({
  queryKey: ['places'],
  queryFn: ({ signal }) => get<Places>('/places', {}, signal),
  staleTime: Infinity,
});

export function alertsQuery(state: 'open' | 'all') {
  return infiniteQueryOptions({
    queryKey: ['alerts', state],
    queryFn: ({ pageParam, signal }) =>
      get<{ alerts: Alert[]; next: string | null }>('/alerts', { state, limit: 50, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => get<Settings>('/settings', {}, signal),
  staleTime: 0,
});

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: ({ signal }) => get<{ keys: ApiKey[] }>('/keys', {}, signal),
});
