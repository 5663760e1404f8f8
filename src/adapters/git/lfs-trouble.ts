import type { LfsProblem } from '../../domain/model.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { Side } from './messages.ts';

/** Why an object, or all that are left, cannot be moved. It becomes a line of the report and never leaves this folder. */
export class LfsTrouble extends Error {
  readonly problem: LfsProblem;
  /** How long the server asked us to wait, where it did. */
  readonly retryAfterMs: number | undefined;
  /** It may be the address that is at fault, or the connection: with new ones it may work. */
  readonly askAnew: boolean;

  constructor(problem: LfsProblem, message: string, more: TroubleFacts & { cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'LfsTrouble';
    this.problem = problem;
    this.retryAfterMs = more.retryAfterMs;
    this.askAnew = more.askAnew ?? false;
  }
}

interface TroubleFacts {
  retryAfterMs?: number | undefined;
  askAnew?: boolean;
}

export const HOSTS: Record<Side, string> = { source: 'GitHub', target: 'OneDev' };

const MAX_WORDS = 300;

/** What a server's refusal comes to. `text` is what it said: JSON with a `message`, XML of a storage server, or anything else. */
export function troubleOf(
  side: Side,
  status: number,
  text: string,
  { redact, ...facts }: TroubleFacts & { redact: Redact },
): LfsTrouble {
  const words = wordsOf(text, redact);
  const said = words === '' ? '.' : `: ${words}`;
  const trouble = (problem: LfsProblem, says: string) =>
    new LfsTrouble(problem, `${HOSTS[side]} ${says}${said}`, facts);
  if ([402, 403, 429, 509].includes(status) && /quota|budget|bandwidth|data pack/i.test(words)) {
    return trouble('refused', `says that the quota for LFS is used up (${status})`);
  }
  if (status === 402 || status === 509) return trouble('refused', `says that the quota for LFS is used up (${status})`);
  if (status === 429 || (status === 403 && /rate.?limit|abuse/i.test(words))) {
    return trouble('interrupted', `limits requests (${status})`);
  }
  if (side === 'source' && (status === 404 || status === 410))
    return trouble('missing', `does not have it (${status})`);
  if (status === 413 || (side === 'target' && status === 406))
    return trouble('too-large', `does not take it (${status})`);
  if (status === 401) return trouble('refused', 'refused the credentials (401)');
  if (status >= 500) return trouble('interrupted', `answered with an error of its own (${status})`);
  return trouble('refused', `refused it (${status})`);
}

function wordsOf(text: string, redact: Redact): string {
  const message = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? /<Message>([^<]*)</.exec(text)?.[1] ?? text;
  return redact(message.replace(/\s+/g, ' ').trim()).slice(0, MAX_WORDS);
}
