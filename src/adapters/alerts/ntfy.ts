import { loudest, textOf, titleOf } from '../../domain/alert-text.ts';
import type { AlertChannel } from '../../domain/ports.ts';
import { NOTICES_AT_ONCE } from './bundle.ts';
import { postMessage } from './post.ts';

export interface NtfyOptions {
  /** With the topic as its path. */
  url: string;
  token: string | undefined;
  userAgent: string;
}

/** What is longer becomes an attachment, and fails where the server takes none. */
const LONGEST_BYTES = 4_000;

const PRIORITIES = { info: 2, warning: 3, error: 4 } as const;

/** As JSON to the root, since a header holds no text of every language. @see https://docs.ntfy.sh/publish/#publish-as-json */
export function createNtfyChannel({ url, token, userAgent }: NtfyOptions): AlertChannel {
  const { origin, pathname } = new URL(url);
  const topic = pathname.slice(1);
  const headers = { 'user-agent': userAgent, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return {
    name: 'ntfy',
    atOnce: NOTICES_AT_ONCE,
    async send(notices) {
      const message = bounded(textOf(notices));
      const body = { topic, title: titleOf(notices), message, priority: PRIORITIES[loudest(notices)] };
      await postMessage({ url: `${origin}/`, headers, body: JSON.stringify(body) });
    },
  };
}

function bounded(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_BYTES) return text;
  // A character cut in the middle becomes a replacement character, which goes too.
  return `${bytes
    .subarray(0, LONGEST_BYTES - 4)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}
