import type { Database } from '../../src/adapters/postgres/database.ts';
import type { Installation } from '../../src/local/up.ts';
import type { GithubSwitches } from '../standins/github.ts';
import type { OnedevState } from '../standins/onedev.ts';
import { eventually } from '../support/eventually.ts';
import type { Fault, FaultKind, Killed } from './plan.ts';
import type { SentFault } from './standin-child.ts';
import type { StandinProcess } from './standin-process.ts';

/** What a fault is, done to the world. */
export interface Injector {
  /** Resolves when the fault is over: the killed one is being started again, the trouble has passed. */
  inject(fault: Fault): Promise<void>;
  /** Ends every trouble, and lets run what stands still. */
  calm(): Promise<void>;
}

interface World {
  installation: Installation;
  db: Database;
  github: StandinProcess;
  onedev: StandinProcess;
}

/** A process that was killed before is alive again after so long at the latest: `starkeep up` waits up to 30 s. */
const ALIVE_WITHIN_MS = 120_000;

export function createInjector({ installation, db, github, onedev }: World): Injector {
  const frozen = new Set<number>();

  async function pidOf(name: string): Promise<number> {
    let pid: number | null = null;
    await eventually(() => (pid = installation.pids()[name] ?? null) !== null, ALIVE_WITHIN_MS);
    return pid ?? 0;
  }

  async function kill(name: Killed, awayMs: number): Promise<void> {
    if (name === 'github') await github.kill(awayMs);
    else if (name === 'onedev') await onedev.kill(awayMs);
    else signal(await pidOf(name), 'SIGKILL');
  }

  async function standStill(name: string, lastsMs: number): Promise<void> {
    const pid = await pidOf(name);
    frozen.add(pid);
    signal(pid, 'SIGSTOP');
    await sleep(lastsMs);
    frozen.delete(pid);
    signal(pid, 'SIGCONT');
  }

  const troubleAtGithub = (switches: Partial<GithubSwitches>) => github.call('trouble', switches);
  const failAtGithub = (fault: SentFault) => github.call('fail', fault);
  const failAtOnedev = (fault: SentFault) => onedev.call('fail', fault);

  async function trouble({ kind, lastsMs, times, bytes }: Fault): Promise<void> {
    switch (kind as Exclude<FaultKind, `kill ${Killed}`>) {
      case 'temporal stands still':
        return standStill('temporal', lastsMs);
      case 'worker stands still':
        return standStill('worker', lastsMs);
      case 'postgres connections cut':
        return cutDatabase(db);
      case 'github connections cut':
        await failAtGithub({ match: /\/api\//, times, disconnect: 'at once' });
        await failAtGithub({ match: /git-upload-pack$/, times, disconnect: { afterResponseBytes: bytes } });
        return;
      case 'github slow':
        return void (await failAtGithub({ match: /./, times: times * 3, delayMs: lastsMs }));
      case 'github answers 500':
        await failAtGithub({ match: /\.git\//, times, status: 500, body: 'oops' });
        await troubleAtGithub({ serverError: true });
        await sleep(lastsMs);
        return void (await troubleAtGithub({ serverError: false }));
      case 'github answers 429':
        await troubleAtGithub({ secondaryLimit: { status: 429, retryAfterSeconds: 1 } });
        await sleep(lastsMs);
        return void (await troubleAtGithub({ secondaryLimit: null }));
      case 'github git answers 429':
        await troubleAtGithub({ gitRateLimited: true });
        await sleep(lastsMs);
        return void (await troubleAtGithub({ gitRateLimited: false }));
      case 'onedev connections cut':
        await failAtOnedev({ match: /~api/, times, disconnect: 'at once' });
        await failAtOnedev({ match: /git-receive-pack$/, times, disconnect: { afterRequestBytes: bytes } });
        return;
      case 'onedev answers lost':
        await failAtOnedev({ match: /^(POST|DELETE) .*~api/, times, disconnect: { afterResponseBytes: 0 } });
        await failAtOnedev({ match: /^POST .*git-receive-pack$/, times, disconnect: { afterResponseBytes: 0 } });
        return;
      case 'onedev slow':
        return void (await failAtOnedev({ match: /./, times: times * 3, delayMs: lastsMs }));
      case 'onedev answers 500':
        return void (await failAtOnedev({ match: /./, times: times * 2, status: 500, body: 'Server Error' }));
      case 'onedev in maintenance':
        await onedev.call<void>('state', 'starting' satisfies OnedevState);
        await sleep(lastsMs);
        return void (await onedev.call('state', 'ready' satisfies OnedevState));
    }
  }

  return {
    async inject(fault) {
      if (fault.kind.startsWith('kill ')) await kill(fault.kind.slice('kill '.length) as Killed, fault.lastsMs);
      else await trouble(fault);
    },
    async calm() {
      for (const pid of frozen) signal(pid, 'SIGCONT');
      frozen.clear();
      await Promise.all([github.call('calm'), onedev.call('calm')]);
      await troubleAtGithub({ serverError: false, secondaryLimit: null, gitRateLimited: false });
      await onedev.call('state', 'ready');
    },
  };
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended in the meantime: another fault was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As a firewall or a fail-over does: every session ends, the server stays. */
async function cutDatabase(db: Database): Promise<void> {
  try {
    await db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name in ('starkeep worker', 'starkeep api') and pid <> pg_backend_pid()`,
    );
  } catch {
    // Postgres is away: there is no connection to cut.
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms));
}
