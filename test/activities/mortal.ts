import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { Database, Queryable, Row } from '../../src/adapters/postgres/database.ts';
import type { AlertChannel, SourceDeliveries } from '../../src/domain/ports.ts';
import type { OnedevStandin } from '../standins/onedev.ts';
import { type ControlDouble, died } from './world.ts';

/**
 * Ports that count what an attempt changes in the world outside, and let nothing more of it through after the k-th: what a worker leaves behind that is
 * killed there. A death anywhere between two effects leaves the same behind, so dying after each of them is dying everywhere.
 *
 * What counts is found out, not listed: a statement of which Postgres says that it wrote; a request to OneDev that may change something and was not
 * refused; whatever Temporal is told; a redelivery asked for at GitHub.
 */
export interface Life {
  /** What was changed so far, in order. */
  readonly effects: string[];
  readonly isOver: boolean;
  /** @throws Error once it is over */
  check(): void;
  /** Something was changed outside. */
  changed(what: string): Promise<void>;
  /** Runs what cannot be called back once it was sent. */
  sending<T>(work: () => Promise<T>): Promise<T>;
  /** When everything that was sent has come to its end. */
  settled(): Promise<void>;
}

/**
 * @param endsAfter so many effects; absent: it does not end
 * @param onEnd run at that moment, and waited for before the one who caused the effect hears of it
 */
export function createLife(endsAfter = Number.POSITIVE_INFINITY, onEnd: () => unknown = () => undefined): Life {
  const effects: string[] = [];
  const sent = new Set<Promise<unknown>>();
  return {
    effects,
    get isOver() {
      return effects.length >= endsAfter;
    },
    check() {
      if (effects.length >= endsAfter) died();
    },
    async changed(what) {
      effects.push(what);
      if (effects.length === endsAfter) await onEnd();
    },
    async sending(work) {
      const going = work();
      sent.add(going);
      return going.finally(() => sent.delete(going));
    },
    async settled() {
      while (sent.size > 0) await Promise.allSettled(sent);
    },
  };
}

/** A port that only reads: once it is over, nobody asks any more. */
export function mortalReader<T extends object>(port: T, life: Life): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        life.check();
        return member.apply(target, args) as unknown;
      };
    },
  });
}

/** Every statement of its own becomes a transaction, so that Postgres can be asked whether it wrote. */
export function mortalDatabase(db: Database, life: Life): Database {
  async function transact<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    life.check();
    const statements: string[] = [];
    let wrote = false;
    const result = await db.transaction(async (tx) => {
      const done = await work({
        async query<R extends Row>(text: string, values?: unknown[]) {
          life.check();
          statements.push(text);
          return tx.query<R>(text, values);
        },
      });
      const [row] = await tx.query('select pg_current_xact_id_if_assigned() is not null as wrote');
      wrote = row?.['wrote'] === true;
      return done;
    });
    if (wrote) await life.changed(`record: ${written(statements)}`);
    life.check();
    return result;
  }

  const transaction: Database['transaction'] = (work) => life.sending(() => transact(work));
  return {
    transaction,
    query: (text, values) => transaction((tx) => tx.query(text, values)),
    stats: () => db.stats(),
    close: () => Promise.resolve(),
  };
}

/** Each once; without the audit log's, which are in every transaction that decides or ends something, unless there is nothing else. */
function written(statements: string[]): string {
  const tables = [...new Set(statements.flatMap(tablesWritten))];
  const others = tables.filter((table) => !table.startsWith('audit_'));
  return (others.length > 0 ? others : tables).join(', ');
}

function tablesWritten(statement: string): string[] {
  return [...statement.matchAll(/\b(?:insert into|(?<!for )update|delete from)\s+(?!set\b)(\w+)/g)].map(
    ([, table]) => table as string,
  );
}

/** @param told gets every call that may change something */
export function mortalControl(control: ControlDouble, life: Life, told: string[]): ControlDouble {
  return new Proxy(control, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'ping' || name === 'delay') return member;
      return (...args: unknown[]) =>
        life.sending(async () => {
          life.check();
          const answer: unknown = await member.apply(target, args);
          told.push(`${String(name)} ${JSON.stringify(Object.entries(args[0] ?? {}).sort())}`);
          await life.changed(`Temporal: ${String(name)}`);
          life.check();
          return answer;
        });
    },
  });
}

/** @param told gets the id of every delivery that was asked for */
export function mortalDeliveries(source: SourceDeliveries, life: Life, told: string[]): SourceDeliveries {
  return {
    appId: source.appId,
    page(next) {
      life.check();
      return source.page(next);
    },
    async redeliver(id) {
      life.check();
      await source.redeliver(id);
      told.push(`redeliver ${id}`);
      await life.changed('GitHub: redeliver');
      life.check();
    },
  };
}

/** A channel of alerts. @param told gets what every message says, without its id, which is drawn by lot */
export function mortalChannel(name: string, life: Life, told: string[]): AlertChannel {
  return {
    name,
    atOnce: 1,
    send: (notices) =>
      life.sending(async () => {
        life.check();
        for (const { transition, alert } of notices) {
          told.push(`${transition} ${alert.kind} ${alert.subject}`);
          await life.changed(`${name}: ${transition}`);
        }
        life.check();
      }),
  };
}

/** A way to OneDev's stand-in: does the request that is the last effect and loses its answer, and lets nothing through after it. */
export async function mortalOnedev(
  onedev: OnedevStandin,
  life: Life,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (life.isOver) return void request.socket.destroy();
    const refsBefore = onedev.refUpdates.length;
    const upstream = httpRequest(
      new URL(request.url ?? '/', onedev.url),
      { method: request.method ?? 'GET', headers: request.headers },
      (answer) => void hand(answer, request, response, refsBefore),
    );
    upstream.on('error', () => request.socket.destroy());
    request.pipe(upstream);
  });

  async function hand(answer: IncomingMessage, request: IncomingMessage, response: ServerResponse, refsBefore: number) {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const pushed = onedev.refUpdates
      .slice(refsBefore)
      .map(({ name, newId }) => `${name}${/^0+$/.test(newId) ? ' gone' : ''}`);
    const effect = effectOf(request, answer.statusCode ?? 0, pushed.sort());
    if (effect !== null) await life.changed(`OneDev: ${effect}`);
    if (life.isOver) return void request.socket.destroy();
    response.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(chunks));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** @param pushed the refs that moved meanwhile @returns `null` for what changes nothing */
function effectOf({ method, url = '' }: IncomingMessage, status: number, pushed: string[]): string | null {
  const path = url.replace(/\?.*$/, '');
  if (method === 'GET' || status >= 300 || /\/git-upload-pack$|\/objects\/batch$/.test(path)) return null;
  if (path.endsWith('/git-receive-pack')) return pushed.length === 0 ? null : `push ${shown(pushed.join(', '))}`;
  if (method === 'PUT') return 'a Git LFS object';
  return `${method} ${path.replace('/~api', '').replaceAll(/\d+/g, '{id}')}`;
}

/** An archived tip has its time in its name. */
export function shown(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(?:\.\d+)?(?:Z|\+00:00)/g, '<time>');
}
