import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { OnedevError } from './onedev-access.ts';

/** What goes in and out: the log of requests, and answers in OneDev's form. */

/** Text that is sent bare although it calls itself JSON. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface LoggedRequest {
  method: string;
  path: string;
  query: string;
  /** 0: not answered yet, or the connection broke before that. */
  status: number;
  authenticated: boolean;
  userAgent: string;
  /** Of API requests; git's are not kept. */
  body: string;
}

export function logEntry(request: IncomingMessage): LoggedRequest {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const { headers } = request;
  return {
    method: request.method ?? '',
    path,
    query,
    status: 0,
    authenticated: headers.authorization !== undefined || headers['onedevauthorization'] !== undefined,
    userAgent: headers['user-agent'] ?? '',
    body: '',
  };
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function sendReply(request: IncomingMessage, response: ServerResponse, reply: unknown): void {
  if (reply === null) return void response.writeHead(204).end();
  if (reply === undefined) return void response.writeHead(200).end();
  const text = reply instanceof Raw ? reply.text : JSON.stringify(reply, null, 2);
  const headers = { 'content-type': 'application/json' };
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    return void response.writeHead(200, headers).end(text);
  }
  response.writeHead(200, { ...headers, 'content-encoding': 'gzip' }).end(gzipSync(text));
}

export function sendError(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  if (response.headersSent) return void response.destroy();
  const known = error instanceof OnedevError ? error : new OnedevError(500, `Server Error: ${String(error)}`);
  response.writeHead(known.status, { 'content-type': 'text/plain', ...known.headers }).end(known.message);
}
