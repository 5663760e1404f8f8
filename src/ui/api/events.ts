import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { api, ask } from './client.ts';
import type { Mirror, MirrorPage } from './types.ts';

/**
 * News from the api: what it is about is asked again, so pages change without a reload. One tab of a browser listens for all of its tabs, because a browser
 * opens only six connections to a server and a stream holds one for good.
 */

const KINDS = ['mirror', 'sync', 'deletion', 'delivery', 'batch', 'reading', 'alert', 'settings', 'reset'] as const;

type Kind = (typeof KINDS)[number];

interface News {
  kind: Kind;
  data: { mirrorId?: string; batchId?: string };
}

/** What each kind of news makes old. */
const CONCERNS: Record<Exclude<Kind, 'reset'>, string[]> = {
  mirror: ['stats', 'running', 'facets', 'mirrors'],
  sync: ['stats', 'running', 'mirrors'],
  deletion: ['stats', 'deletions', 'readings', 'mirrors'],
  delivery: ['stats', 'deliveries', 'delivery'],
  batch: ['batches'],
  reading: ['stats', 'readings'],
  alert: ['stats', 'alerts'],
  settings: ['settings'],
};

/** News that comes together is asked about together. */
const GATHER_MS = 400;

/** At most so many rows are asked for one by one; beyond that the list is asked for anew. */
const MOST_ROWS = 20;

const RETRY_MS = 5_000;

/** @returns what ends it */
export function listen(client: QueryClient): () => void {
  const gathered = gather(client);
  const channel = new BroadcastChannel('starkeep-events');
  channel.onmessage = ({ data }: MessageEvent<News>) => gathered.add(data);
  const ended = new AbortController();
  const tell = (news: News) => {
    gathered.add(news);
    channel.postMessage(news);
  };
  // Whether the api is down, or the session over, is for the next question to find out.
  const onBroken = () => void client.invalidateQueries({ queryKey: ['session'] });
  // Without TLS, elsewhere than on this machine, browsers have no locks: then each tab listens for itself.
  const locks = 'locks' in navigator ? navigator.locks : undefined;
  if (locks) {
    const until = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
    const work = () => {
      if (ended.signal.aborted) return undefined;
      stream(tell, onBroken, ended.signal);
      return until;
    };
    locks.request('starkeep-events', { signal: ended.signal }, work).catch(() => undefined);
  } else stream(tell, onBroken, ended.signal);
  return () => {
    ended.abort();
    channel.close();
    gathered.stop();
  };
}

function stream(tell: (news: News) => void, onBroken: () => void, signal: AbortSignal): void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout>;
  let lastId = '';
  const open = () => {
    source = new EventSource(`/api/v1/events${lastId === '' ? '' : `?lastEventId=${encodeURIComponent(lastId)}`}`);
    // What happened between the first questions and now nobody has told.
    source.onopen = () => {
      if (lastId === '') tell({ kind: 'reset', data: {} });
    };
    source.onerror = () => {
      onBroken();
      // What broke by itself the browser opens again by itself; what was refused it gives up.
      if (source.readyState !== EventSource.CLOSED) return;
      again = setTimeout(open, RETRY_MS);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        lastId = event.lastEventId;
        tell({ kind, data: parsed(event.data) });
      });
    }
  };
  open();
  signal.addEventListener('abort', () => {
    clearTimeout(again);
    source.close();
  });
}

function parsed(text: string): News['data'] {
  try {
    return (JSON.parse(text) as News['data'] | null) ?? {};
  } catch {
    return {};
  }
}

function gather(client: QueryClient) {
  const keys = new Set<string>();
  const mirrorIds = new Set<string>();
  const batchIds = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    timer = null;
    const ids = [...mirrorIds];
    for (const id of ids) {
      for (const key of ['mirror', 'timeline', 'history'])
        void client.invalidateQueries({ queryKey: [key, id], exact: true });
    }
    for (const id of batchIds) void client.invalidateQueries({ queryKey: ['batch', id] });
    for (const key of keys) {
      if (key === 'mirrors') void refreshLists(client, ids);
      else void client.invalidateQueries({ queryKey: [key] });
    }
    keys.clear();
    mirrorIds.clear();
    batchIds.clear();
  };
  return {
    add({ kind, data }: News) {
      if (kind === 'reset') return void client.invalidateQueries();
      for (const key of CONCERNS[kind]) keys.add(key);
      if (data.mirrorId) mirrorIds.add(data.mirrorId);
      if (data.batchId) batchIds.add(data.batchId);
      timer ??= setTimeout(flush, GATHER_MS);
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Somebody may have scrolled through hundreds of pages: there the rows that changed are replaced, and nothing moves under the pointer. */
async function refreshLists(client: QueryClient, changed: string[]): Promise<void> {
  void client.invalidateQueries({ queryKey: ['mirrors', 'some'] });
  const lists = client.getQueriesData<InfiniteData<MirrorPage>>({ queryKey: ['mirrors', 'list'] });
  const isLong = lists.some(([, data]) => (data?.pages.length ?? 0) > 1);
  if (!isLong) return client.invalidateQueries({ queryKey: ['mirrors', 'list'] });

  const shown = new Set(lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.mirrors.map(idOf)) ?? []));
  const rows = await Promise.all(
    changed
      .filter((id) => shown.has(id))
      .slice(0, MOST_ROWS)
      .map((id) => ask(api.GET('/mirrors/{id}', { params: { path: { id } } })).catch(() => null)),
  );
  const fresh = new Map(rows.filter((row) => row !== null).map((row) => [row.mirrorId, row]));
  client.setQueriesData<InfiniteData<MirrorPage>>({ queryKey: ['mirrors', 'list'] }, (data) => {
    if (!data) return data;
    const replaced = (page: MirrorPage) => ({
      ...page,
      mirrors: page.mirrors.map((mirror) => fresh.get(mirror.mirrorId) ?? mirror),
    });
    return { ...data, pages: data.pages.map(replaced) };
  });
}

function idOf({ mirrorId }: Mirror): string {
  return mirrorId;
}
