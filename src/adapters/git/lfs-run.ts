import { LFS_FAILURES_SHOWN, type LfsFailure, type LfsProblem, type LfsReport } from '../../domain/model.ts';
import { BATCH_SIZE, type BatchAnswer, EXPIRY_MARGIN_MS, type LfsServer } from './lfs-batch.ts';
import type { ObjectMover } from './lfs-object.ts';
import type { LfsPointer } from './lfs-pointer.ts';
import { LfsTrouble } from './lfs-trouble.ts';

/** What a run over pointers works with. */
export interface LfsRun {
  source: LfsServer;
  target: LfsServer;
  mover: ObjectMover;
  /** Larger ones are reported, not moved. */
  maxBytes: number;
  /** Objects on their way at a time. */
  concurrency: number;
  signal: AbortSignal;
  now: () => number;
  /** Called after each object that is done with, whatever became of it. */
  onDone: () => void;
}

export interface LfsOutcome {
  transferred: number;
  bytes: number;
  skipped: number;
  failed: (LfsFailure & { retryAfterMs?: number })[];
}

/**
 * Brings the target what it lacks of these objects. The target is asked first, so what it has costs one line of one request: a run that was broken
 * off is taken up where it was. What one object comes to has no bearing on the others, unless a server refuses all of them.
 * @throws the reason of `signal`, after everything under way has ended; nothing else
 */
export async function moveObjects(pointers: readonly LfsPointer[], run: LfsRun): Promise<LfsOutcome> {
  const outcome: LfsOutcome = { transferred: 0, bytes: 0, skipped: 0, failed: [] };
  const refusals: Refusals = { source: null, target: null };
  for (let at = 0; at < pointers.length; at += BATCH_SIZE) {
    await moveBatch(pointers.slice(at, at + BATCH_SIZE), run, outcome, refusals);
  }
  return outcome;
}

/** Once a server refuses a whole batch, it is not asked again in this run. */
interface Refusals {
  source: LfsTrouble | null;
  target: LfsTrouble | null;
}

async function moveBatch(
  pointers: readonly LfsPointer[],
  run: LfsRun,
  outcome: LfsOutcome,
  refusals: Refusals,
): Promise<void> {
  const { maxBytes, onDone } = run;
  const fail = (pointer: LfsPointer, trouble: LfsTrouble) => {
    outcome.failed.push(failureOf(pointer, trouble));
    onDone();
  };
  const skip = () => {
    outcome.skipped += 1;
    onDone();
  };

  const uploads = await askAll(run.target, pointers, run, refusals);
  const lacking = pointers.filter((pointer) => {
    const upload = uploads(pointer);
    if (upload === null) skip();
    else if (upload instanceof LfsTrouble) fail(pointer, upload);
    else if (pointer.size > maxBytes) fail(pointer, overCap(maxBytes));
    else return true;
    return false;
  });
  const downloads = await askAll(run.source, lacking, run, refusals);

  await eachAtMost(run.concurrency, lacking, async (pointer) => {
    const offer = { upload: uploads(pointer), download: downloads(pointer) };
    try {
      const moved = await moveOne(pointer, offer, run);
      if (!moved) return skip();
      outcome.transferred += 1;
      outcome.bytes += pointer.size;
      onDone();
    } catch (error) {
      if (!(error instanceof LfsTrouble)) throw error;
      fail(pointer, error);
    }
  });
}

type Answers = (pointer: LfsPointer) => BatchAnswer;

/** @returns what the server says of each; a refusal of all of them is its answer for every one */
async function askAll(
  server: LfsServer,
  pointers: readonly LfsPointer[],
  { signal }: LfsRun,
  refusals: Refusals,
): Promise<Answers> {
  const known = refusals[server.side];
  if (known !== null || pointers.length === 0) return () => known;
  try {
    const answers = await server.ask(pointers, signal);
    return ({ oid }) => answers.get(oid) ?? null;
  } catch (error) {
    if (!(error instanceof LfsTrouble)) throw error;
    refusals[server.side] = error;
    return () => error;
  }
}

interface Offer {
  upload: BatchAnswer;
  download: BatchAnswer;
}

/** @returns false when the target turned out to have it */
async function moveOne(pointer: LfsPointer, offer: Offer, run: LfsRun): Promise<boolean> {
  const fresh = isFresh(offer.upload, run) && isFresh(offer.download, run);
  try {
    return await moveAsOffered(pointer, fresh ? offer : await askAnew(pointer, run), run);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof LfsTrouble) || !error.askAnew) throw error;
    // Once: whoever refuses a fresh address means it.
    const anew = await askAnew(pointer, run);
    // OneDev writes into the final file and deletes it a moment after an upload broke off; until then it says that it has the object.
    if (anew.upload === null) throw error;
    return moveAsOffered(pointer, anew, run);
  }
}

async function moveAsOffered(pointer: LfsPointer, { upload, download }: Offer, run: LfsRun): Promise<boolean> {
  if (upload === null) return false;
  if (upload instanceof LfsTrouble) throw upload;
  // An answer of the source always says where to go or why not.
  if (download instanceof LfsTrouble || download === null)
    throw download ?? new LfsTrouble('missing', 'Not at GitHub.');
  await run.mover.move(pointer, download, upload, run.signal);
  return true;
}

async function askAnew(pointer: LfsPointer, { source, target, signal }: LfsRun): Promise<Offer> {
  const upload = (await target.ask([pointer], signal)).get(pointer.oid) ?? null;
  if (upload === null || upload instanceof LfsTrouble) return { upload, download: null };
  return { upload, download: (await source.ask([pointer], signal)).get(pointer.oid) ?? null };
}

/** What is no address cannot expire either. */
function isFresh(answer: BatchAnswer, { now }: LfsRun): boolean {
  const expiresAt = answer === null || answer instanceof LfsTrouble ? null : answer.expiresAt;
  return expiresAt === null || expiresAt - now() > EXPIRY_MARGIN_MS;
}

/** Works on items, so many at a time. When one throws, no further is begun, and those under way end first. */
async function eachAtMost<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken) throw broken.reason;
}

function overCap(maxBytes: number): LfsTrouble {
  return new LfsTrouble('too-large', `It is larger than STARKEEP_LFS_MAX_SIZE (${maxBytes} bytes).`);
}

/** One line of the report. */
export function failureOf(
  { oid, size }: LfsPointer,
  { problem, message, retryAfterMs }: LfsTrouble,
): LfsOutcome['failed'][number] {
  return { oid, size, problem, reason: message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** @param objects how many there are in all, those that were not looked at this time included */
export function lfsReport(objects: number, outcome: LfsOutcome): LfsReport {
  const interruptedFirst = [...outcome.failed].sort((one, other) => rank(one.problem) - rank(other.problem));
  return {
    objects,
    transferred: outcome.transferred,
    bytes: outcome.bytes,
    skipped: objects - outcome.transferred - outcome.failed.length,
    failed: outcome.failed.length,
    failures: interruptedFirst
      .slice(0, LFS_FAILURES_SHOWN)
      .map(({ oid, size, problem, reason }) => ({ oid, size, problem, reason })),
    again: outcome.failed.some(({ problem }) => problem === 'interrupted'),
  };
}

function rank(problem: LfsProblem): number {
  return problem === 'interrupted' ? 0 : 1;
}
