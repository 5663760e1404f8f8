import { WorkflowNotFoundError } from '@temporalio/client';
import { isSettled, megabytes, readMirrors, runningProgress, type MirrorRow } from './mirrors.ts';
import { RECONCILE_WORKFLOW_ID } from '../src/workflows/messages.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 250;

/** Slower than this for a dozen repositories means that something is wrong; large ones of the user's own may take longer. */
const STILL_FOR_MS = 120_000;

/**
 * Shows the mirrors until all of them have come to rest: on a terminal as a block that is drawn again, elsewhere as a line per change.
 * @throws Error when nothing changes for two minutes
 */
export async function watchMirrors(world: World, expected: number, out: NodeJS.WriteStream): Promise<MirrorRow[]> {
  const shown = new Map<string, string>();
  let drawn = 0;
  let movedAt = Date.now();
  for (;;) {
    const rows = await readMirrors(world);
    const lines = await Promise.all(rows.map(async (row) => ({ row, text: await describe(world, row) })));
    for (const { row, text } of lines) {
      if (shown.get(row.mirrorId) === text) continue;
      movedAt = Date.now();
      shown.set(row.mirrorId, text);
      if (!out.isTTY && isSettled(row)) out.write(`  ${text}\n`);
    }
    if (out.isTTY)
      drawn = redraw(
        out,
        lines.map(({ text }) => `  ${text}`),
        drawn,
      );
    if (rows.length === 0) await refuseFailedReading(world);
    if (rows.length >= expected && rows.every(isSettled)) return rows;
    if (Date.now() - movedAt > STILL_FOR_MS)
      throw new Error('nothing has moved for two minutes; the log in the data folder says why');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** While there is no mirror at all, what holds things up is the reading of the star list. */
async function refuseFailedReading({ temporal }: World): Promise<void> {
  const failure = await lastFailure(temporal);
  if (failure) throw new Error(`the star list cannot be read: ${failure}`);
}

/** The worker starts the reading in its own time: until then there is none, and nothing that failed. */
async function lastFailure({ client }: World['temporal']): Promise<string | null> {
  try {
    const { raw } = await client.workflow.getHandle(RECONCILE_WORKFLOW_ID).describe();
    return raw.pendingActivities?.[0]?.lastFailure?.message ?? null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function describe(world: World, row: MirrorRow): Promise<string> {
  const name = row.fullName.padEnd(28);
  if (row.status !== 'in_progress') return `${sign(row)} ${name} ${row.status}`;
  const progress = await runningProgress(world, row.mirrorId);
  if (!progress) return `${sign(row)} ${name} preparing`;
  const refs = progress.refsTotal > 0 ? `, ${progress.refsDone}/${progress.refsTotal} refs` : '';
  return `${sign(row)} ${name} ${progress.phase}, ${megabytes(progress.bytes)}${refs}`;
}

function sign({ status }: MirrorRow): string {
  if (status === 'completed') return '✓';
  if (status === 'failed' || status === 'permanent_failure') return '✗';
  return status === 'in_progress' ? '▸' : '·';
}

/** Draws over the block drawn before. @returns how many lines it has now */
function redraw(out: NodeJS.WriteStream, lines: string[], before: number): number {
  const up = before > 0 ? `\x1b[${before}A` : '';
  out.write(`${up}${lines.map((line) => `\x1b[2K${line.slice(0, out.columns - 1)}\n`).join('')}`);
  return lines.length;
}
