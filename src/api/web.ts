import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, Hono, MiddlewareHandler, NotFoundHandler } from 'hono';
import { problem } from './problem.ts';

/** The web UI as `npm run build:ui` leaves it, at `/`: hashed files that browsers keep for good, and one page for every other path. */

/** What is answered by others, so that a path below them which is not there is no page either. */
const TAKEN = /^\/(?:api|webhooks|health|livez|readyz|metrics|assets)(?:\/|$)/;

const NOT_BUILT =
  'Starkeep is running, but its web UI is not built. Build it with: npm ci && npm run build:ui\n' +
  'Meanwhile: health at /health, metrics at /metrics, webhooks at POST /webhooks/github, the API at /api/v1/openapi.json\n';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** Where a build has its page write the nonce. */
const NONCE_PLACE = '{{style-nonce}}';

interface WebFile {
  type: string;
  bytes: Buffer<ArrayBuffer>;
  gzipped: Buffer<ArrayBuffer>;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Of the page this request is answered with. */
    styleNonce?: string;
  }
}

/**
 * Lets the page's own style tags in, and those alone: its policy gets the nonce it was sent with. Goes before what sets the policy.
 * The component library writes its colours into a style tag; scripts have no such exception.
 */
export function stylesByNonce(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const nonce = c.get('styleNonce');
    const policy = c.res.headers.get('content-security-policy');
    if (nonce === undefined || policy === null) return;
    c.res.headers.set(
      'content-security-policy',
      policy.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`),
    );
  };
}

/**
 * Serves the files of a folder.
 * @param dir where `npm run build:ui` builds to; a build that comes later is seen without a restart, a second one is not
 * @returns what answers the paths nothing else does
 */
export function mountWeb(app: Hono, dir: string): NotFoundHandler {
  let built: Map<string, WebFile> | null = null;
  const files = async () => {
    if (built !== null) return built;
    const found = await readAll(dir);
    if (found.has('/index.html')) built = found;
    return found;
  };

  const page = async (c: Context): Promise<Response> => {
    const index = (await files()).get('/index.html');
    if (index === undefined) return c.text(NOT_BUILT, c.req.path === '/' ? 200 : 404);
    const nonce = randomBytes(16).toString('base64url');
    c.set('styleNonce', nonce);
    const html = index.bytes.toString('utf8').replaceAll(NONCE_PLACE, nonce);
    return c.body(html, 200, { 'content-type': index.type, 'cache-control': 'no-store' });
  };

  app.get('/', page);
  return async (c) => {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
    const file = isRead ? (await files()).get(c.req.path) : undefined;
    if (file !== undefined && c.req.path !== '/index.html') return sent(c, file);
    // Whoever asks for something else than a page, as a program does, is told that there is nothing.
    const wantsPage = c.req.header('accept')?.includes('text/html') ?? false;
    if (isRead && wantsPage && !TAKEN.test(c.req.path)) return page(c);
    return problem(c, 404, 'Not found', `There is nothing at ${c.req.path}.`);
  };
}

function sent(c: Context, { type, bytes, gzipped }: WebFile): Response {
  const isHashed = c.req.path.startsWith('/assets/');
  const headers = {
    'content-type': type,
    'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
  };
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(c.req.header('accept-encoding') ?? '');
  if (!takesGzip || gzipped.length >= bytes.length) return c.body(bytes, 200, headers);
  return c.body(gzipped, 200, { ...headers, 'content-encoding': 'gzip' });
}

/** @returns every file by its path at `/`; none where there is no such folder */
async function readAll(dir: string): Promise<Map<string, WebFile>> {
  const files = new Map<string, WebFile>();
  for (const path of await filesIn(dir)) {
    const bytes = await readFile(path);
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const name = `/${relative(dir, path).split(sep).join('/')}`;
    files.set(name, { type, bytes, gzipped: await promisify(gzip)(bytes) });
  }
  return files;
}

async function filesIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
