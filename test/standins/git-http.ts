import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/**
 * Git's smart HTTP for one bare repository, by native git. Checked against git 2.39 (`git http-backend` sends the same bytes and headers).
 * Routing, authentication and everything else is the caller's.
 * @see https://git-scm.com/docs/gitprotocol-http
 */
export interface GitHttpOptions {
  /** The bare repository on disk. */
  repoDir: string;
  service: 'git-upload-pack' | 'git-receive-pack';
  /** `GET …/info/refs?service=…` or `POST …/<service>`. */
  endpoint: 'info/refs' | 'rpc';
  /** Added to the minimal environment; hooks see it too. */
  env?: Record<string, string>;
  /** Settings of git that this server has beside the repository's own. */
  settings?: Record<string, string>;
  /** Sends the `# service=` line to protocol v2 clients as well, as OneDev does; git accepts both. */
  serviceLineAlways?: boolean;
}

const NO_CACHE = {
  'cache-control': 'no-cache, max-age=0, must-revalidate',
  expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  pragma: 'no-cache',
};

/** Of git's standard error, how much is kept for the answer when git fails without output. */
const KEPT_COMPLAINT = 4096;

/**
 * Answers one request: 200 with git's output, streamed both ways with back-pressure, or 500 with git's complaint when it ended
 * without output. Resolves when git has ended, however that came about; a client that goes away takes its git, and everything that
 * git started, with it.
 */
export async function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  options: GitHttpOptions,
): Promise<void> {
  const git = startGit(request, options);
  const ended = new Promise<void>((resolve) => git.once('close', () => resolve()));
  const whenGone = () => killGroup(git);
  response.once('close', whenGone);
  git.once('error', () => response.destroy());
  try {
    await Promise.all([feed(request, git, options), answer(git, request, response, options)]);
  } catch {
    // One side broke off and nobody is left to tell; git must not outlive the exchange.
    killGroup(git);
    response.destroy();
  }
  await ended;
  response.off('close', whenGone);
}

function startGit(request: IncomingMessage, options: GitHttpOptions): ChildProcessWithoutNullStreams {
  const advertise = options.endpoint === 'info/refs' ? ['--advertise-refs'] : [];
  return spawn('git', [options.service.slice('git-'.length), '--stateless-rpc', ...advertise, options.repoDir], {
    // A group of its own, because upload-pack and receive-pack start pack-objects, index-pack and hooks.
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      // Repositories of another user (`npm run demo -- --repos DIR`) are served as they are.
      ...numbered({ 'safe.directory': '*', ...options.settings }),
      ...(protocolOf(request) === '' ? {} : { GIT_PROTOCOL: protocolOf(request) }),
      ...options.env,
    },
  });
}

/** @see https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT */
function numbered(settings: Record<string, string>): Record<string, string> {
  const pairs = Object.entries(settings).flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { ...Object.fromEntries(pairs), GIT_CONFIG_COUNT: String(Object.keys(settings).length) };
}

/** The request body into git. */
async function feed(
  request: IncomingMessage,
  git: ChildProcessWithoutNullStreams,
  options: GitHttpOptions,
): Promise<void> {
  if (options.endpoint === 'info/refs') {
    git.stdin.end();
    return;
  }
  try {
    const zipped = /^(x-)?gzip$/i.test(request.headers['content-encoding'] ?? '');
    await (zipped ? pipeline(request, createGunzip(), git.stdin) : pipeline(request, git.stdin));
  } catch (error) {
    // git may answer and leave before it has read everything (a refused push): then its answer is what counts.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** git's output into the response; the status waits for the first byte, since only then is it known. */
async function answer(
  git: ChildProcessWithoutNullStreams,
  request: IncomingMessage,
  response: ServerResponse,
  options: GitHttpOptions,
): Promise<void> {
  const complaint = keepTail(git.stderr);
  const exit = new Promise<number | null>((resolve) => git.once('close', resolve));
  const advertises = options.endpoint === 'info/refs';
  const kind = advertises ? 'advertisement' : 'result';
  const success = { 'content-type': `application/x-${options.service}-${kind}`, ...NO_CACHE };
  const speaksV2 = protocolOf(request).split(':').includes('version=2');
  const serviceLine = advertises && (!speaksV2 || options.serviceLineAlways === true);

  async function* reply(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | string> {
    for await (const chunk of chunks) {
      if (!response.headersSent) {
        response.writeHead(200, success);
        if (serviceLine) yield `${packetLine(`# service=${options.service}\n`)}0000`;
      }
      yield chunk;
    }
    if (response.headersSent) return;
    // No output is no error by itself: before a large push git sends a lone flush packet to see whether it may push at all.
    if ((await exit) === 0) {
      response.writeHead(200, success);
    } else {
      response.writeHead(500, { 'content-type': 'text/plain', ...NO_CACHE });
      yield `git failed: ${complaint()}\n`;
    }
  }
  await pipeline(git.stdout, reply, response);
}

function protocolOf(request: IncomingMessage): string {
  const value = request.headers['git-protocol'];
  return typeof value === 'string' ? value : '';
}

function packetLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

function keepTail(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-KEPT_COMPLAINT)));
  return () => text.trim();
}

function killGroup(git: ChildProcessWithoutNullStreams): void {
  if (git.pid === undefined) return;
  try {
    process.kill(-git.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
