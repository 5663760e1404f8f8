import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { GitAccess } from './github-git.ts';
import type { StandinRepository } from './github-model.ts';

/**
 * GitHub's Git LFS: the batch API beside git, and the storage that its answers lead to, which is another server with other rules: it wants
 * the address as it was signed and the header that came with it, and refuses whoever shows any other credential. Written after
 * git-lfs `docs/api/batch.md` and S3's signed addresses; downloads with the `basic` transfer only.
 */
export interface GithubLfs {
  /** The storage's origin. */
  readonly storageUrl: string;
  /** What the storage was asked, in the order of arrival. */
  readonly downloads: IncomingMessage[];
  readonly switches: LfsSwitches;
  /** Puts an object into the storage. @returns its pointer, as it stands in the repository */
  add(content: Buffer): StandinObject;
  /** From now on neither batch nor storage knows it. */
  lose(oid: string): void;
  /** The storage hands out this in its place. */
  corrupt(oid: string, content: Buffer): void;
  answer(request: IncomingMessage, response: ServerResponse, fullName: string, access: GitAccess): Promise<void>;
  close(): Promise<void>;
}

export interface LfsSwitches {
  /** The account's data packs are used up. */
  overQuota: boolean;
  /** For how long an address that is signed now is good. */
  linkLifeMs: number;
  /** The answers say how long that is. */
  tellsExpiry: boolean;
  /** What the answers call the storage, in place of its origin. */
  storageAlias: string | null;
  /** Sees each request to the storage first; `true`: it is dealt with, or will be left hanging. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface StandinObject {
  oid: string;
  size: number;
  pointer: string;
}

const LFS_JSON = 'application/vnd.git-lfs+json';

const MAX_OBJECTS = 100;

const STORAGE_KEY = 'standin-storage-key';

/** @returns the repository whose batch API a path is; `null` when it is none */
export function lfsPath(pathname: string): string | null {
  return /^\/([^/]+\/[^/]+?)\.git\/info\/lfs\/objects\/batch$/.exec(pathname)?.[1] ?? null;
}

export function pointerText(oid: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;
}

export async function createGithubLfs(host: string): Promise<GithubLfs> {
  const objects = new Map<string, { size: number; content: Buffer }>();
  const downloads: IncomingMessage[] = [];
  const switches: LfsSwitches = {
    overQuota: false,
    linkLifeMs: 3_600_000,
    tellsExpiry: true,
    storageAlias: null,
    intercept: () => false,
  };
  const storage = createServer((request, response) => {
    downloads.push(request);
    if (!switches.intercept(request, response)) handOut(request, response);
  });
  storage.listen(0, host);
  await new Promise((resolve) => storage.once('listening', resolve));
  const storageUrl = `http://${host}:${(storage.address() as AddressInfo).port}`;

  function handOut(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', storageUrl);
    const oid = /^\/media\/([0-9a-f]{64})$/.exec(pathname)?.[1] ?? '';
    const until = searchParams.get('expires') ?? '';
    if (request.headers.authorization !== undefined) {
      return refuse(response, 400, 'Only one auth mechanism allowed; Signature query string and Authorization header');
    }
    if (request.method !== 'GET') return refuse(response, 405, 'The specified method is not allowed');
    const signature = Buffer.from(searchParams.get('signature') ?? '');
    const expected = Buffer.from(signed(oid, until));
    const isSigned = signature.length === expected.length && timingSafeEqual(signature, expected);
    if (!isSigned || request.headers['x-standin-storage'] !== STORAGE_KEY)
      return refuse(response, 403, 'Access Denied');
    if (Number(until) <= Date.now()) return refuse(response, 403, 'Request has expired');
    const found = objects.get(oid);
    if (!found) return refuse(response, 404, 'The specified key does not exist.');
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': found.content.length });
    response.end(found.content);
  }

  function offer({ oid, size }: { oid: string; size: number }): object {
    const found = objects.get(oid);
    if (!found) {
      const message = "Object does not exist on the server or you don't have permissions to access it";
      return { oid, size, error: { code: 404, message } };
    }
    const until = String(Date.now() + switches.linkLifeMs);
    const href = `${switches.storageAlias ?? storageUrl}/media/${oid}?expires=${until}&signature=${signed(oid, until)}`;
    const expiry = switches.tellsExpiry ? { expires_in: Math.ceil(switches.linkLifeMs / 1000) } : {};
    const download = { href, header: { 'X-Standin-Storage': STORAGE_KEY }, ...expiry };
    return { oid, size: found.size, actions: { download } };
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    fullName: string,
    { model, credential, maySee, rateLimited }: GitAccess,
  ): Promise<void> {
    const send = (status: number, body: object, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': LFS_JSON, ...headers }).end(JSON.stringify(body));
    if (request.method !== 'POST') return send(405, { message: 'Method Not Allowed' });
    if (!speaksLfs(request)) return send(406, { message: `The Accept header needs to be ${LFS_JSON}` });
    if (rateLimited) return send(429, { message: 'Rate limit exceeded' }, { 'retry-after': '60' });
    const challenge = { 'lfs-authenticate': 'Basic realm="GitHub"' };
    if (credential === 'bad') return send(401, { message: 'Bad credentials' }, challenge);
    const renamed: StandinRepository | undefined = model.byOldName(fullName);
    const repository = model.byName(fullName) ?? renamed;
    if (!repository || !maySee(repository)) {
      if (credential === 'none') return send(401, { message: 'Credentials needed' }, challenge);
      return send(404, { message: 'Not Found' });
    }
    if (renamed === repository) {
      return send(301, {}, { location: `/${repository.fullName}.git/info/lfs/objects/batch` });
    }
    const asked = JSON.parse(await text(request)) as BatchRequest;
    if (asked.operation !== 'download') return send(403, { message: 'Write access to repository not granted.' });
    if (asked.transfers && !asked.transfers.includes('basic')) return send(422, { message: 'No known transfer' });
    if (asked.objects.length > MAX_OBJECTS) return send(413, { message: 'Too many objects' });
    if (!asked.objects.every(isSound)) return send(422, { message: 'Validation failed' });
    if (switches.overQuota) return send(403, { message: OVER_QUOTA });
    send(200, { transfer: 'basic', objects: asked.objects.map(offer) });
  }

  return {
    storageUrl,
    downloads,
    switches,
    add(content) {
      const oid = createHash('sha256').update(content).digest('hex');
      objects.set(oid, { size: content.length, content });
      return { oid, size: content.length, pointer: pointerText(oid, content.length) };
    },
    lose: (oid) => void objects.delete(oid),
    corrupt: (oid, content) => void objects.set(oid, { size: objects.get(oid)?.size ?? 0, content }),
    answer,
    async close() {
      const closed = new Promise((resolve) => storage.close(resolve));
      storage.closeAllConnections();
      await closed;
    },
  };
}

/** Word for word. */
const OVER_QUOTA =
  'This repository is over its data quota. Account responsible for LFS bandwidth should purchase more data packs to restore access.';

interface BatchRequest {
  operation?: string;
  transfers?: string[];
  objects: { oid: string; size: number }[];
}

function isSound(object: { oid: string; size: number }): boolean {
  return /^[0-9a-f]{64}$/.test(object.oid) && Number.isInteger(object.size) && Object.keys(object).length === 2;
}

function speaksLfs({ headers }: IncomingMessage): boolean {
  return [headers.accept, headers['content-type']].every((type) => type?.startsWith(LFS_JSON));
}

function signed(oid: string, until: string): string {
  return createHmac('sha256', 'standin').update(`${oid} ${until}`).digest('hex');
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${status}</Code><Message>${message}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}
