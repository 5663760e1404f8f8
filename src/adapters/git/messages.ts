import { Failure, type FailureKind } from '../../domain/failures.ts';
import type { Redact } from '../../domain/redaction.ts';

/**
 * The one place that reads git's English (`LC_ALL=C`, checked with git 2.39). What it does not know becomes `TransferFailed` with git's last
 * lines, so a reworded message costs precision, never truth.
 */

export type Side = 'source' | 'target';

const NAMES: Record<Side, string> = { source: 'GitHub', target: 'OneDev' };

/** How much of git's own words goes into a message. */
const MAX_WORDS_BYTES = 2048;
const LAST_LINES = 12;

/** Git has limits of its own at GitHub and names no time; minutes are what it takes. */
const RATE_LIMIT_WAIT_MS = 120_000;

export interface Complaint {
  side: Side;
  /** What was being done, as in "while …". */
  doing: string;
  stderr: string;
  /** No credentials were sent. GitHub then answers 401 for what does not exist or is private. */
  anonymous: boolean;
  redact: Redact;
}

interface Verdict {
  kind: FailureKind;
  says: string;
  retryAfterMs?: number;
}

/** Translates a git that ended with an error into the failure it means. */
export function failureOf(complaint: Complaint): Failure {
  return asFailure(verdictOf(complaint), complaint, 'git');
}

/**
 * Translates an answer over HTTP that is no success; `stderr` is its text.
 * @param retryAfterMs what the answer asks us to wait, where it says so
 */
export function failureOfStatus(status: number, complaint: Complaint, retryAfterMs?: number): Failure {
  const verdict = statusVerdict(status, complaint);
  return asFailure(retryAfterMs === undefined ? verdict : { ...verdict, retryAfterMs }, complaint, 'It');
}

/** Translates an error that the other side's git sent in place of what was asked for; `stderr` is its text. */
export function failureOfRemoteError(complaint: Complaint): Failure {
  const { side, stderr } = complaint;
  const limited = side === 'source' && LIMITED.test(stderr);
  const status = limited ? 429 : statusOf(stderr);
  const verdict: Verdict =
    status !== null
      ? statusVerdict(status, complaint)
      : {
          kind: side === 'source' ? 'SourceError' : 'TargetError',
          says: `${NAMES[side]} broke off with an error of its own`,
        };
  return asFailure(verdict, complaint, 'It');
}

/** What it means that a target took nothing of a push, or did not say what became of it; `stderr` is what it printed. */
export function failureOfPush(complaint: Complaint): Failure {
  return asFailure({ kind: 'TransferFailed', says: 'OneDev could not take what was pushed' }, complaint, 'It');
}

function asFailure({ kind, says, retryAfterMs }: Verdict, { doing, stderr, redact }: Complaint, who: string): Failure {
  const words = lastWords(stderr, redact);
  const message = `${says} while ${doing}.${words === '' ? '' : ` ${who} said: ${words}`}`;
  return new Failure(kind, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function verdictOf(complaint: Complaint): Verdict {
  const { side, stderr } = complaint;
  const here = ownLines(stderr);
  const name = NAMES[side];
  if (/No space left on device|Disk quota exceeded/.test(here)) {
    return { kind: 'DiskFull', says: 'The disk is full' };
  }
  if (/died of signal|Out of memory|Cannot allocate memory|(?:malloc|mmap|realloc) failed/.test(here)) {
    return { kind: 'TransferKilled', says: 'A part of git was killed or had no memory' };
  }
  if (side === 'target' && /remote ref does not exist/.test(here)) {
    return { kind: 'TargetChanged', says: 'Somebody changed the mirror on OneDev' };
  }
  if (UNTRUSTED.test(here)) {
    return { kind: side === 'source' ? 'SourceUntrusted' : 'TargetUntrusted', says: `${name} could not be trusted` };
  }
  const status = statusOf(stderr);
  if (status !== null) return statusVerdict(status, complaint);
  if (UNREACHABLE.test(stderr)) {
    return {
      kind: side === 'source' ? 'SourceUnreachable' : 'TargetUnreachable',
      says: `The connection to ${name} failed or broke off`,
    };
  }
  return { kind: 'TransferFailed', says: 'git failed' };
}

/** The HTTP status behind git's words, or the one that OpenSSH's and the servers' own words amount to. */
function statusOf(stderr: string): number | null {
  const told = /returned error: (\d{3})|RPC failed; HTTP (\d{3})/.exec(stderr);
  if (told) return Number(told[1] ?? told[2]);
  if (/Authentication failed for|could not read (?:Username|Password)|Permission denied \(|Load key /.test(stderr))
    return 401;
  if (/ERROR: Repository not found|repository '[^']*' not found|ERROR: Project not found/.test(stderr)) return 404;
  if (/ERROR: .*(?:not authorized|permission)/i.test(stderr)) return 403;
  return null;
}

function statusVerdict(status: number, complaint: Complaint): Verdict {
  return (complaint.side === 'source' ? sourceStatus : targetStatus)(status, complaint);
}

const LIMITED = /rate.?limit|too many requests|abuse/i;

function sourceStatus(status: number, { stderr, anonymous }: Complaint): Verdict {
  const limited = LIMITED.test(stderr);
  if (status === 429 || (status === 403 && limited)) {
    return { kind: 'SourceRateLimited', says: 'GitHub limits git requests', retryAfterMs: RATE_LIMIT_WAIT_MS };
  }
  if (status === 451 || (status === 403 && /DMCA|takedown|unavailable|blocked|disabled/i.test(stderr))) {
    return { kind: 'SourceBlocked', says: 'GitHub blocks this repository' };
  }
  if (status === 404 || status === 410) return { kind: 'SourceGone', says: 'GitHub found no such repository' };
  if (status === 401 && anonymous) {
    return {
      kind: 'SourceGone',
      says: 'GitHub asks for credentials, as it does for repositories that are private or do not exist,',
    };
  }
  if (status === 401) return { kind: 'SourceUnauthorized', says: 'GitHub refused the credentials' };
  if (status === 403) return { kind: 'SourceForbidden', says: 'GitHub does not let this token read the repository' };
  if (status >= 300 && status < 400) {
    return { kind: 'SourceError', says: 'GitHub redirected git to another address, as after a rename,' };
  }
  return { kind: 'SourceError', says: `GitHub answered with status ${status}` };
}

/** @see the OneDev contract 1.3: a 404 means "no such project" only with these words, else OneDev is starting or in maintenance */
function targetStatus(status: number, { stderr }: Complaint): Verdict {
  if (status === 401) return { kind: 'TargetUnauthorized', says: 'OneDev refused the token' };
  if (status === 403)
    return { kind: 'TargetForbidden', says: 'OneDev does not let this token read or write the project' };
  if (status === 404 && /Project not found/.test(stderr)) {
    return { kind: 'TargetProjectMissing', says: 'OneDev found no such project' };
  }
  if (status === 404 || status === 503) return { kind: 'TargetStarting', says: 'OneDev was not ready' };
  if (status === 413) {
    return { kind: 'TargetError', says: 'OneDev, or a proxy before it, refused the size of the push (status 413)' };
  }
  return { kind: 'TargetError', says: `OneDev answered with status ${status}` };
}

/** As curl says it, with OpenSSL and with GnuTLS. */
const UNTRUSTED =
  /SSL certificate problem|server certificate verification failed|certificate subject name .*does not match|no alternative certificate subject name/;

const UNREACHABLE = new RegExp(
  [
    'Could not resolve (?:host|proxy)',
    "Failed to connect|Couldn't connect",
    'Connection (?:refused|reset|timed out|closed)',
    'Operation timed out|No route to host|Network is unreachable',
    'Empty reply from server|(?:Recv|Send) failure|transfer closed|RPC failed',
    'SSL|TLS|certificate|kex_exchange|Host key verification failed',
    'unexpected disconnect|early EOF|hung up unexpectedly|failed to report status',
  ].join('|'),
  'i',
);

/**
 * Whether the words mean that the cache on our disk is broken; those of the other side do not count.
 */
export function meansBrokenCache(stderr: string): boolean {
  return BROKEN.test(ownLines(stderr));
}

const BROKEN = new RegExp(
  [
    'not a git repository',
    'object file .* is empty|is corrupt|loose object|unable to unpack|inflate: |garbage at end',
    'packfile .*(?:cannot be (?:mapped|accessed)|too small|does not match index|unavailable|unusable)|index file .* (?:is too small|corrupt)|bad pack',
    'bad (?:object|tree|sha1|config line|signature)|invalid (?:object|sha1 pointer)|does not point to a valid object|broken (?:ref|link)',
    'unable to (?:read|find|parse)(?: \\w+)* [0-9a-f]{40}|could not read [0-9a-f]{40}|missing (?:blob|tree|commit|object|necessary)|src refspec .* does not match',
    'did not send all necessary objects|unexpected line in .*packed-refs|packed-refs.*unterminated|Failed to traverse parents|repository format',
  ].join('|'),
  'i',
);

/** Whether the other side has an object no more, or does not hand it out by its id. */
export function meansNotHandedOut(stderr: string): boolean {
  return /not our ref|unadvertised object|no such remote ref|couldn't find remote ref/i.test(stderr);
}

/** What git said last, without secrets, capped at 2 KB. */
export function lastWords(stderr: string, redact: Redact): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const words = redact(
    lines
      .filter((line) => line !== '')
      .slice(-LAST_LINES)
      .join(' | '),
  );
  const bytes = Buffer.from(words);
  if (bytes.length <= MAX_WORDS_BYTES) return words;
  return `…${bytes
    .subarray(-MAX_WORDS_BYTES + 3)
    .toString('utf8')
    .replace(/^\ufffd+/, '')}`;
}

function ownLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('remote: '))
    .join('\n');
}

// ------------------------------------------------------------------------------------------------------------------ push

/** What the target did with one ref of a push. */
export type RefVerdict =
  | { verdict: 'taken' }
  /** Its hook refused the whole push, and this ref may be innocent. */
  | { verdict: 'hook-declined' }
  | { verdict: 'declined'; reason: string }
  /** It no longer holds what it held when we looked. */
  | { verdict: 'changed' };

/**
 * Reads `git push --porcelain`: one tab-separated line per ref.
 * @see https://git-scm.com/docs/git-push#_output
 */
export function parsePush(stdout: string, stderr: string): Map<string, RefVerdict> {
  const verdicts = new Map<string, RefVerdict>();
  for (const line of stdout.split('\n')) {
    const [flag, refspec, summary = ''] = line.split('\t');
    if (refspec === undefined || flag?.length !== 1) continue;
    const name = refspec.slice(refspec.indexOf(':') + 1);
    verdicts.set(name, flag === '!' ? porcelainRefusal(name, summary, stderr) : { verdict: 'taken' });
  }
  return verdicts;
}

function porcelainRefusal(name: string, summary: string, stderr: string): RefVerdict {
  const reason = /\(([^()]*)\)\s*$/.exec(summary)?.[1] ?? summary;
  if (summary.startsWith('[rejected]') && reason === 'stale info') return { verdict: 'changed' };
  return refusalOf(name, reason, stderr);
}

/**
 * What a target means that does not take a ref.
 * @param reason in its report
 * @param stderr what it printed, each line behind `remote: `
 */
export function refusalOf(name: string, reason: string, stderr: string): RefVerdict {
  if (/pre-receive hook declined/.test(reason)) return { verdict: 'hook-declined' };
  const detail = remoteLines(stderr).filter((text) => text.includes(`'${name}'`));
  if (detail.some((text) => /but expected|reference already exists|unable to resolve reference/.test(text))) {
    return { verdict: 'changed' };
  }
  return { verdict: 'declined', reason: detail[0] ?? reason };
}

/** Whether the target could not take the pack at all, or never said what became of it: nothing about a single ref. */
export function isWholeRefusal(reason: string): boolean {
  return /unpacker error|unpack failed|failed to report status|missing necessary objects/.test(reason);
}

/**
 * Why the target's hook refused a push of one ref, in its own words: OneDev prints them in a box of stars under
 * `ERROR PUSHING REF: <name>`; any other hook's last lines are taken as they are.
 */
export function hookReason(stderr: string): string {
  const lines = remoteLines(stderr);
  const title = lines.findIndex((line) => line.includes('ERROR PUSHING REF:'));
  const boxed = title < 0 ? [] : unboxed(lines.slice(title + 1));
  const spoken = boxed.length > 0 ? boxed : unboxed(lines.filter((line) => !line.startsWith('error: '))).slice(-4);
  return spoken.join(' ') || 'declined by the pre-receive hook without a reason';
}

/** The text lines up to the closing line of stars. */
function unboxed(lines: string[]): string[] {
  const texts: string[] = [];
  for (const line of lines) {
    const text = line.replace(/^[*\s]+|[*\s]+$/g, '');
    if (text !== '') texts.push(text);
    else if (/^\*{3,}$/.test(line.trim()) && texts.length > 0) break;
  }
  return texts;
}

function remoteLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice('remote:'.length).trim())
    .filter((line) => line !== '');
}
