import { Failure } from '../../domain/failures.ts';
import type { RefListing } from '../../domain/model.ts';
import { MIRRORED_NAMESPACES } from '../../domain/refs.ts';
import type { History } from './ancestry.ts';
import { meansNotHandedOut } from './messages.ts';
import { passing, type PassingPack } from './pack.ts';
import { RemoteError } from './protocol-packets.ts';
import {
  type Capabilities,
  fetchRequest,
  type FetchRequest,
  lsRefsRequest,
  offers,
  readCapabilities,
  readFetch,
  readLsRefs,
} from './protocol-read.ts';
import type { SmartHttp } from './smart-http.ts';
import { CannotStream } from './stream-obstacle.ts';
import { gitSpan } from './traced.ts';

/** The source no longer has what it listed a moment ago. Never leaves this folder. */
export class SourceMoved extends Error {}

/** What a streaming transfer asks of the source. */
export interface StreamSource extends History {
  list(): Promise<RefListing>;
  /** Asks what the source can do; needed before {@link History} and {@link StreamSource.fetchPack}. */
  learn(): Promise<void>;
  /**
   * Fetches a pack and lends it while it comes, from its first byte on.
   * @throws SourceMoved when the source has an object no more, or does not hand it out
   */
  fetchPack<Result>(
    request: FetchRequest,
    consume: (pack: AsyncIterable<Buffer>) => Promise<Result>,
    onPassing: (pack: PassingPack) => void,
  ): Promise<Result>;
}

const LISTED_PREFIXES = ['HEAD', ...MIRRORED_NAMESPACES];

/** How an older server answers a question of version 2: with an error of any kind, with something else, or with nothing. */
const PERHAPS_OLD = new Set(['SourceError', 'SourceBadResponse', 'SourceUnreachable']);

/** @param onText what the source says while it works, line by line */
export function createStreamSource(http: SmartHttp, onText: (line: string) => void): StreamSource {
  let capabilities: Capabilities | null = null;

  const learn = async (): Promise<Capabilities> => {
    if (capabilities !== null) return capabilities;
    const found = await http.advertisement('git-upload-pack', 'asking what it can do', readCapabilities);
    if (found === null || !found.has('fetch')) throw new CannotStream('source-protocol');
    if ((found.get('object-format') ?? 'sha1') !== 'sha1') {
      throw new Failure('ObjectFormatUnsupported', 'The repository uses SHA-256 object ids.');
    }
    return (capabilities = found);
  };

  const fetch: History['fetch'] = (request, read) =>
    http.ask('git-upload-pack', 'fetching from it', fetchRequest(request), async (body) => {
      try {
        return await read(await readFetch(body, onText));
      } catch (error) {
        if (error instanceof RemoteError && meansNotHandedOut(error.message)) throw new SourceMoved(error.message);
        throw error;
      }
    });

  return {
    /**
     * Asks at once, without asking first what the source can do: over HTTP each request stands alone, a server of version 2 answers it all the same, and
     * so a repository without news costs one request. Only when that fails, the other question tells why.
     */
    list: () =>
      gitSpan('list', 'source', async (span) => {
        try {
          const listed = await http.ask(
            'git-upload-pack',
            'listing its refs',
            lsRefsRequest(LISTED_PREFIXES),
            readLsRefs,
          );
          span.set({ 'git.refs': listed.refs.length });
          return listed;
        } catch (error) {
          if (!(error instanceof Failure) || !PERHAPS_OLD.has(error.kind)) throw error;
          await learn();
          throw error;
        }
      }),

    async learn() {
      await learn();
    },

    offers: (feature) => capabilities !== null && offers(capabilities, 'fetch', feature),

    fetch,

    fetchPack: (request, consume, onPassing) =>
      gitSpan('fetch', 'source', (span) => {
        span.set({ 'git.refs': request.wants.length });
        const told = (pack: PassingPack) => {
          span.set({ 'git.bytes': pack.bytes, 'git.objects': pack.objects });
          onPassing(pack);
        };
        return fetch(request, async ({ pack }) => {
          if (pack === null) throw new RemoteError('the source sent no pack');
          // The push is opened when the first byte is there: a target closes a connection on which nothing comes.
          const first = await pack.next();
          return consume(http.attributed('fetching from it', passing(resumed(first, pack), told)));
        });
      }),
  };
}

async function* resumed(first: IteratorResult<Buffer>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
