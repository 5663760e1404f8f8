import { BlockList } from 'node:net';
import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import { addRange } from './address-ranges.ts';
import { exchange } from './http.ts';

const Meta = z.object({ hooks: z.array(z.string()).min(1) });

const REFRESH_EVERY_MS = 24 * 3_600_000;
const RETRY_AFTER_MS = 5 * 60_000;

export interface GithubRanges {
  /** `null` until GitHub answered once. */
  current(): BlockList | null;
  stop(): void;
}

/**
 * The addresses GitHub delivers webhooks from, read from `/meta` daily. They change now and then without notice, so the last good list stays
 * while GitHub cannot be asked, and before the first answer there is none: the signature is the gate, this is only a fence in front of it.
 * @see https://docs.github.com/en/rest/meta/meta
 */
export function watchGithubRanges(
  options: { apiUrl: string; userAgent: string },
  onError: (reason: string) => void,
): GithubRanges {
  let ranges: BlockList | null = null;
  let timer: NodeJS.Timeout | undefined;
  const stopping = new AbortController();
  const refresh = async () => {
    let next = REFRESH_EVERY_MS;
    try {
      ranges = await readRanges(options, stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted) return;
      onError(error instanceof Error ? error.message : String(error));
      next = RETRY_AFTER_MS;
    }
    if (!stopping.signal.aborted) timer = setTimeout(() => void refresh(), next);
  };
  void refresh();
  return {
    current: () => ranges,
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}

/** A range that cannot be read fails the whole answer: half a list would refuse GitHub. */
async function readRanges(
  { apiUrl, userAgent }: { apiUrl: string; userAgent: string },
  signal: AbortSignal,
): Promise<BlockList> {
  const headers = {
    'user-agent': userAgent,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  };
  const answer = await exchange({ url: `${apiUrl}/meta`, headers, unreachable: 'SourceUnreachable', signal });
  if (answer.status !== 200)
    throw new Failure('SourceError', `GitHub answered ${answer.status} when asked for its addresses`);
  try {
    const list = new BlockList();
    for (const range of Meta.parse(JSON.parse(answer.text)).hooks) addRange(list, range);
    return list;
  } catch (error) {
    throw new Failure('SourceBadResponse', 'GitHub sent no list of its addresses', { cause: error });
  }
}
