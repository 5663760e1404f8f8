#!/usr/bin/env node
/**
 * What a container's HEALTHCHECK runs: asks `/health` of the `api` or `worker` that is this container's first process, or that the argument names, and
 * ends with 0 when the answer is 200. With anything else it ends with 1 and says what was answered; the engine keeps that line. A worker without
 * STARKEEP_WORKER_PORT listens nowhere, and a job (`migrate`) neither: they count as healthy while they run.
 *
 * Plain JavaScript without an import of ours: it runs every half minute, and starting all of Starkeep for it would cost more than what it looks at.
 */
import { readFileSync } from 'node:fs';

const PATIENCE_MS = 5_000;

/** The arguments of the container's first process; behind `tini --` they are all there too. */
const command = process.argv[2] ?? readFileSync('/proc/1/cmdline', 'utf8').split('\0');
const role = ['api', 'worker'].find((name) => (Array.isArray(command) ? command.includes(name) : command === name));

const { STARKEEP_HOST, STARKEEP_PORT, STARKEEP_WORKER_HOST, STARKEEP_WORKER_PORT } = process.env;
const listeners = {
  api: { host: STARKEEP_HOST, port: STARKEEP_PORT || '8000' },
  worker: { host: STARKEEP_WORKER_HOST, port: STARKEEP_WORKER_PORT },
};
const listener = role === undefined ? undefined : listeners[role];
if (listener?.port) await look(listener.host || '127.0.0.1', listener.port);

async function look(host, port) {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  try {
    const answer = await fetch(`http://${reached}:${port}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    process.stdout.write(`${answer.status} ${await answer.text()}\n`);
    process.exitCode = answer.ok ? 0 : 1;
  } catch (error) {
    process.stdout.write(`no answer: ${error.cause?.message ?? error.message}\n`);
    process.exitCode = 1;
  }
}
