import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findTemporalBinary } from '../../src/local/temporal-binary.ts';
import { runCampaign } from './campaign.ts';
import { FEWEST_REPOSITORIES, type Plan, planCampaign } from './plan.ts';
import { report } from './table.ts';

/** `npm run test:faults`. Exit codes: 0 nothing was lost · 1 something was, or the campaign failed · 2 the arguments are wrong. */

const USAGE = `npm run test:faults [-- --seed N] [-- --minutes N] [-- --repos N]
  --seed N     the same plan again; default: another one each time
  --minutes N  for how long there are faults, 0.2 to 8; default 4
  --repos N    so many repositories, ${FEWEST_REPOSITORIES} or more; default 200`;

/**
 * An idle machine is done within ten minutes by default. A busy one may take longer, as long as anything moves; a mirror that has failed five
 * times waits almost three minutes, and that is no standstill.
 */
const SETTLE = { withinMs: 15 * 60_000, stillMs: 4 * 60_000 };

const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));

const say = (line: string) => void process.stdout.write(`${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  let plan: Plan;
  try {
    plan = planCampaign(optionsFrom(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }

  const repeat = `npm run test:faults -- --seed ${plan.seed} --minutes ${plan.durationMs / 60_000} --repos ${plan.repositories.length}`;
  say(`Seed ${plan.seed}: ${plan.changes.length} changes, ${plan.faults.length} faults, transfer by ${plan.transfer}.`);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  const dir = await mkdtemp(join(tmpdir(), 'starkeep-faults-'));
  // As root the embedded Postgres runs under another account, which has to be able to reach its files.
  await chmod(dir, 0o755);
  try {
    const { path: temporalBinary } = await findTemporalBinary({ kind: 'cli', cacheDir: CACHE, say });
    const signal = interrupted.signal;
    const outcome = await runCampaign({ plan, dir, temporalBinary, settle: SETTLE, say, signal });
    say(`\n${report(outcome)}`);
    if (outcome.losses.length > 0) say(`The log of the service: ${await keepLog(dir, plan.seed)}`);
    return outcome.losses.length === 0 ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) say('Interrupted; everything was stopped and removed.');
    else process.stderr.write(`The campaign failed: ${(error as Error).stack}\n`);
    return interrupted.signal.aborted ? 130 : 1;
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    say(`The same plan again: ${repeat}`);
  }
}

function optionsFrom(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { seed: { type: 'string' }, minutes: { type: 'string' }, repos: { type: 'string' } },
  });
  const minutes = within('--minutes', values.minutes ?? '4', 0.2, 8);
  return {
    seed: whole('--seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 32 - 1),
    repositories: whole('--repos', values.repos ?? '200', FEWEST_REPOSITORIES, 2_000),
    durationMs: minutes * 60_000,
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`${name} is a number from ${least} to ${most}, not "${text}"`);
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = within(name, text, least, most);
  if (Number.isInteger(value)) return value;
  throw new Error(`${name} is a whole number, not "${text}"`);
}

/** The folder goes; what says why something was lost stays. */
async function keepLog(dir: string, seed: number): Promise<string> {
  const folder = join(CACHE, 'faults');
  await mkdir(folder, { recursive: true });
  const kept = join(folder, `seed-${seed}.log`);
  await copyFile(join(dir, 'starkeep.log'), kept);
  return kept;
}
