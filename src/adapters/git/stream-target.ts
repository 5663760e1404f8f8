import { Failure } from '../../domain/failures.ts';
import type { Oid, Ref, RefListing } from '../../domain/model.ts';
import { ARCHIVE_NAMESPACE, isMirrored, type RefUpdate } from '../../domain/refs.ts';
import type { Redact } from '../../domain/redaction.ts';
import { failureOfPush, hookReason, refusalOf, type RefVerdict } from './messages.ts';
import { EMPTY_PACK } from './pack.ts';
import { lsRefsRequest, readCapabilities, readLsRefs } from './protocol-read.ts';
import {
  commandsOf,
  type PushAdvertisement,
  type PushReport,
  readPushAdvertisement,
  readPushReport,
} from './protocol-write.ts';
import type { PushOutcome } from './push.ts';
import { KEPT_STDERR } from './run.ts';
import type { SmartHttp } from './smart-http.ts';
import { CannotStream } from './stream-obstacle.ts';
import { counted, gitSpan } from './traced.ts';

/**
 * Carries a pack in when the ref that should have brought it is declined; removed at the end of the sync. OneDev checks nothing outside heads and tags.
 * Beside `refs/starkeep/`, so that it is never taken for an archived tip.
 */
export const CARRIER = 'refs/starkeep-carrier/pack';

/** The target as it was when it was listed. */
export interface ListedTarget {
  /** Heads, tags and archived tips. */
  listing: RefListing;
  /** Every id the target has for certain. */
  oids: ReadonlySet<Oid>;
  capabilities: ReadonlySet<string>;
  /** Where the {@link CARRIER} of a run that died points; `null` nearly always. */
  carrier: Oid | null;
}

/** What a streaming transfer asks of the target. */
export interface StreamTarget {
  list(): Promise<ListedTarget>;
  /** The same refs once more, without HEAD. */
  listAgain(): Promise<RefListing>;
  /** @param pack `null`: the target has all objects already */
  push(updates: readonly RefUpdate[], pack: AsyncIterable<Buffer> | null): Promise<PushOutcome>;
}

export function createStreamTarget(
  http: SmartHttp,
  options: {
    redact: Redact;
    anonymous: boolean;
    /** Told what the target says while it works, line by line. */
    onText?: (line: string) => void;
  },
): StreamTarget {
  const { redact, anonymous, onText: tell } = options;
  let capabilities: ReadonlySet<string> = new Set();

  const advertisement = async (): Promise<PushAdvertisement> => {
    const found = await http.advertisement('git-receive-pack', 'listing its refs', readPushAdvertisement);
    ({ capabilities } = found);
    if (!capabilities.has('report-status') && !capabilities.has('report-status-v2')) {
      throw new CannotStream('target-protocol');
    }
    return found;
  };

  /** What one may push says nothing of HEAD. */
  const head = async (): Promise<RefListing['head']> => {
    try {
      const found = await http.ask('git-upload-pack', 'asking for its HEAD', lsRefsRequest(['HEAD']), readLsRefs);
      return found.head;
    } catch (error) {
      const perhapsOld = error instanceof Failure && /^Target(?:BadResponse|Error)$/.test(error.kind);
      // A passing error of OneDev's is no reason to clone: only what it says of itself is.
      if (perhapsOld && !(await speaksV2())) throw new CannotStream('target-protocol');
      throw error;
    }
  };

  const speaksV2 = async (): Promise<boolean> =>
    (await http.advertisement('git-upload-pack', 'asking what it can do', readCapabilities)) !== null;

  const outcomeOf = ({ unpack, refs }: PushReport, words: string): PushOutcome => {
    const verdicts = new Map<string, RefVerdict>();
    for (const [name, reason] of unpack === 'ok' ? refs : []) {
      verdicts.set(name, reason === null ? { verdict: 'taken' } : refusalOf(name, reason, words));
    }
    const complaint = unpack === 'ok' ? words : `${words}unpack failed: ${unpack}\n`;
    return {
      verdicts,
      hookReason: () => hookReason(words),
      failure: () => failureOfPush({ side: 'target', doing: 'pushing to it', stderr: complaint, anonymous, redact }),
    };
  };

  return {
    list: () =>
      gitSpan('list', 'target', async (span) => {
        const [{ refs, alternates }, target] = await Promise.all([advertisement(), head()]);
        span.set({ 'git.refs': refs.length });
        return {
          listing: { refs: keptOf(refs), head: target },
          oids: new Set([...refs.map(({ oid }) => oid), ...alternates]),
          capabilities,
          carrier: refs.find(({ name }) => name === CARRIER)?.oid ?? null,
        };
      }),

    listAgain: () =>
      gitSpan('list', 'target', async (span) => {
        const { refs } = await advertisement();
        span.set({ 'git.refs': refs.length });
        return { refs: keptOf(refs), head: null };
      }),

    push: (updates, pack) =>
      gitSpan('push', 'target', async (span) => {
        let words = '';
        const onText = (line: string) => {
          tell?.(line);
          words = `${words}remote: ${line}\n`.slice(-KEPT_STDERR);
        };
        const commands = commandsOf(updates, capabilities);
        const read = (body: AsyncIterable<Buffer>) => readPushReport(body, capabilities.has('side-band-64k'), onText);
        const doing = 'pushing to it';
        span.set({ 'git.refs': updates.length, 'git.bytes': commands.length });
        if (pack !== null) {
          const chunks = counted(pack, (bytes) => span.set({ 'git.bytes': commands.length + bytes }));
          const report = await http.send('git-receive-pack', doing, { head: commands, chunks }, read);
          return outcomeOf(report, words);
        }
        // No pack may follow where nothing but deletions are asked for.
        const bringsNothing = updates.every(({ desired }) => desired === null);
        const body = bringsNothing ? commands : Buffer.concat([commands, EMPTY_PACK]);
        span.set({ 'git.bytes': body.length });
        return outcomeOf(await http.ask('git-receive-pack', doing, body, read), words);
      }),
  };
}

function keptOf(refs: readonly Ref[]): Ref[] {
  return refs.filter(({ name }) => isMirrored(name) || name.startsWith(ARCHIVE_NAMESPACE));
}
