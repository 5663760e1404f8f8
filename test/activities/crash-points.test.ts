import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnedev } from '../../src/adapters/onedev.ts';
import { createStore } from '../../src/adapters/postgres/store.ts';
import { CRASH_TABLE, type CrashRow, streamTransfer } from './crash-table.ts';
import {
  createLife,
  type Life,
  mortalChannel,
  mortalControl,
  mortalDatabase,
  mortalDeliveries,
  mortalOnedev,
  mortalReader,
} from './mortal.ts';
import { comparable, type Outside, outsideOf } from './outside.ts';
import { withWorld } from './world.ts';

/**
 * For every activity, and every effect it has on the world outside: an attempt that dies right after it, and the next, which ends where an undisturbed
 * run does. On real Postgres, real git, and the stand-ins over sockets.
 */

const world = withWorld();

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'crash-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

interface Ended {
  outside: Outside;
  answer: unknown;
}

describe('the table of crash points', () => {
  it('has every activity there is', () => {
    const named = new Set(CRASH_TABLE.map(({ activity }) => activity));

    expect([...named].sort()).toEqual(Object.keys(world.activities()).sort());
  });
});

describe.each(CRASH_TABLE)('$activity, of $of', (row) => {
  let undisturbed: (Ended & { effects: string[] }) | null = null;

  /** Once a row, whichever test needs it first; afterwards the world is a new one. */
  async function undisturbedRun(): Promise<Ended & { effects: string[] }> {
    if (undisturbed) return undisturbed;
    const own = join(dir, 'undisturbed');
    const argument = await row.arrange(world, own);
    const life = createLife();
    const told: string[] = [];
    const answer = await attempt({ row, life, told, dir: own }, argument, 1);
    await row.then?.(world, argument, answer);
    undisturbed = { outside: await outsideOf(world, told), answer: comparable(answer), effects: life.effects };
    await world.renew();
    return undisturbed;
  }

  it('changes this in the world outside, and nothing else', async () => {
    expect((await undisturbedRun()).effects).toEqual(row.effects);
  });

  const points = row.effects.map((effect, index) => ({ effect, count: index + 1 }));

  it.each(points)('ends right after an attempt that died after effect $count ($effect)', async ({ count }) => {
    const expected = await undisturbedRun();
    const argument = await row.arrange(world, dir);
    const told: string[] = [];
    const life = createLife(count);

    // Whatever it comes to, nobody hears of it.
    await attempt({ row, life, told, dir }, argument, 1).catch(() => undefined);
    await life.settled();
    const answer = await attempt({ row, life: createLife(), told, dir }, argument, 2);
    await row.then?.(world, argument, answer);

    // What was on its way beside the last effect may have arrived too.
    expect(life.effects.slice(0, count)).toEqual(row.effects.slice(0, count));
    const ended = { outside: await outsideOf(world, told), answer: comparable(answer) };
    expect(withoutHarmless(ended, row)).toEqual(withoutHarmless(expected, row));
  });
});

interface Attempt {
  row: CrashRow;
  life: Life;
  told: string[];
  dir: string;
}

/** Runs the activity as a worker that lives so long; an attempt of its own has nothing in memory of the one before. */
async function attempt({ row, life, told, dir }: Attempt, argument: unknown, number: number): Promise<unknown> {
  const onedev = await mortalOnedev(world.onedev, life);
  const transfer = row.streams ? streamTransfer(dir) : null;
  try {
    const channels = row.channel ? [mortalChannel(row.channel, life, told)] : [];
    const policy = { channels: channels.map(({ name }) => name), atLeast: 'info' } as const;
    const store = createStore(mortalDatabase(world.store.db, life), policy);
    const activities = world.activities({
      ...store,
      source: mortalReader(world.source(), life),
      target: createOnedev({
        url: onedev.url,
        token: world.onedev.token,
        parent: 'github',
        userAgent: 'starkeep-test',
      }),
      control: mortalControl(world.control, life, told),
      hookDeliveries: mortalDeliveries(world.hookDeliveries(), life, told),
      alertChannels: channels,
      ...(row.runs ? { runs: row.runs } : {}),
      ...(transfer ? { transfer } : {}),
      ...(row.rules ? { rules: row.rules } : {}),
    });
    const activity = activities[row.activity] as (argument: unknown) => Promise<unknown>;
    return await world.environment(number).run(activity, argument);
  } finally {
    transfer?.close();
    await onedev.close();
  }
}

/** What may differ, as the row says and why. */
function withoutHarmless({ outside, answer }: Ended, { harmless }: CrashRow): Ended {
  const copy = structuredClone({ outside, answer });
  for (const field of harmless?.fields ?? []) {
    const names = field.split('.');
    const last = names.pop() ?? '';
    const holder = names.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], copy);
    delete (holder as Record<string, unknown>)[last];
  }
  return copy;
}
