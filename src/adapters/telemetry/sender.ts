import { AsyncResource } from 'node:async_hooks';
import { Failure } from '../../domain/failures.ts';

/**
 * Carries finished records (log lines, spans) to a receiver that may be slow or away, and never makes whoever writes them wait: `write` only puts
 * a record into a bounded buffer. What the buffer cannot hold is dropped, the oldest first, and counted.
 */

/** One record on its way. */
export interface Parcel {
  /** Counts up within one sender: the same when it is sent again. */
  id: number;
  record: string;
}

/** What a receiver made of a batch that it answered. What is neither refused nor to be sent again was taken. */
export interface Verdict {
  /** Those it will never take. */
  refused?: number;
  /** Those it may take later. */
  again?: Parcel[];
  /** In words, when there are any of the two. */
  reason?: string;
  /** How long it asks us to wait. */
  retryAfterMs?: number | undefined;
  /** Nothing is wrong with the receiver, only with how much it got. */
  atOnce?: true;
}

export interface Receiver {
  /** A batch has at most so many records, of so many bytes together. */
  maxRecords: number;
  maxBytes: number;
  /** A record longer than this is dropped: nobody would take it. */
  maxRecordBytes: number;
  /**
   * Sends one batch and reads the answer.
   * @throws Failure when there is no answer, or one that says nothing of the batch: all of it is sent again
   * @throws TooLarge when the batch is, as a whole: it is sent in halves
   */
  send(batch: readonly Parcel[], limits: { signal: AbortSignal; timeoutMs: number }): Promise<Verdict>;
}

/** The receiver wants smaller batches. */
export class TooLarge extends Error {}

export type DropReason = 'buffer_full' | 'too_large' | 'refused' | 'shutdown';

export interface SenderOptions {
  receiver: Receiver;
  /** What may wait, in bytes. Default 16 MiB. */
  bufferBytes?: number;
  /** How long a record waits for others at most. Default 1 s. */
  lingerMs?: number;
  /** Between two tries, the first and the longest. Default 1 s and 30 s. */
  pauseMs?: { first: number; longest: number };
  /** For one exchange. Default 10 s. */
  timeoutMs?: number;
  /** How long `close` may take. Default 5 s. */
  closeMs?: number;
  onSent: (count: number) => void;
  onDropped: (count: number, reason: DropReason) => void;
  /** Told once per outage, with the reason, and once when it is over. */
  onTrouble: (reason: string) => void;
  onRecovered: () => void;
  /** Told of records that will never be taken, every ten minutes at most. */
  onRefused: (reason: string) => void;
}

export interface SenderState {
  waiting: number;
  waitingBytes: number;
}

export interface Sender {
  /** Never waits and never throws. After `close` what comes is dropped. */
  write(record: string): void;
  /** What is not sent and not dropped yet. */
  state(): SenderState;
  /** Sends what waits, for a bounded time; what is left then is dropped. May be repeated. */
  close(): Promise<void>;
}

const DEFAULTS = {
  bufferBytes: 16 * 1024 * 1024,
  lingerMs: 1_000,
  pauseMs: { first: 1_000, longest: 30_000 },
  timeoutMs: 10_000,
  closeMs: 5_000,
};

/** What a string costs besides its characters, so that a million tiny ones are bounded too. */
const OVERHEAD_BYTES = 100;

const TELL_REFUSAL_EVERY_MS = 10 * 60_000;

/** Nobody is waited for longer, whatever it asks. */
const LONGEST_ASKED_MS = 5 * 60_000;

export function createSender(options: SenderOptions): Sender {
  const settings = { ...DEFAULTS, ...options };
  const sending = new Sending(settings);
  return {
    write: (record) => sending.write(record),
    state: () => sending.state(),
    close: () => sending.close(),
  };
}

class Sending {
  readonly #options: SenderOptions & typeof DEFAULTS;
  /** Whoever writes a record has fields and a span at hand; what we do later is none of their work. */
  readonly #outside = new AsyncResource('TelemetrySender');
  readonly #queue = new ParcelQueue();
  #ids = 0;
  #inFlight: Parcel[] = [];
  #inFlightBytes = 0;
  #pump: Promise<void> | null = null;
  #lingering: NodeJS.Timeout | null = null;
  #pausing: { end: () => void } | null = null;
  #pauseMs: number;
  #halved = 1;
  #troubled = false;
  #refusalToldAt: number | null = null;
  #closing: Promise<void> | null = null;
  #closed = false;
  readonly #over = new AbortController();

  constructor(options: SenderOptions & typeof DEFAULTS) {
    this.#options = options;
    this.#pauseMs = options.pauseMs.first;
  }

  write(record: string): void {
    if (this.#closed) return this.#drop(1, 'shutdown');
    const parcel = { id: (this.#ids += 1), record };
    const bytes = bytesOf(parcel);
    if (bytes - OVERHEAD_BYTES > this.#options.receiver.maxRecordBytes) return this.#drop(1, 'too_large');
    this.#queue.push(parcel, bytes);
    this.#makeRoom();
    this.#schedule();
  }

  state(): SenderState {
    return {
      waiting: this.#queue.length + this.#inFlight.length,
      waitingBytes: this.#queue.bytes + this.#inFlightBytes,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { closeMs } = this.#options;
    const deadline = setTimeout(() => this.#over.abort(), closeMs);
    this.#cancelLinger();
    this.#pausing?.end();
    // Every exchange ends with the signal. What could not be sent now is not going to be sent by us.
    do await this.#run();
    while (this.#queue.length > 0 && !this.#troubled && !this.#over.signal.aborted);
    clearTimeout(deadline);
    this.#closed = true;
    this.#drop(this.#queue.clear(), 'shutdown');
    this.#outside.emitDestroy();
  }

  /** At most one batch is under way, and it begins after whoever wrote has gone on. */
  #schedule(): void {
    if (this.#pump !== null || this.#closing !== null) return;
    const { maxRecords, maxBytes } = this.#options.receiver;
    const isBatch = this.#queue.length >= maxRecords || this.#queue.bytes >= maxBytes;
    if (this.#lingering !== null && !isBatch) return;
    this.#cancelLinger();
    this.#lingering = setTimeout(() => void this.#run(), isBatch ? 0 : this.#options.lingerMs);
    this.#lingering.unref();
  }

  #cancelLinger(): void {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
  }

  #run(): Promise<void> {
    this.#lingering = null;
    this.#pump ??= this.#outside
      .runInAsyncScope(() => this.#sendAll())
      .finally(() => {
        this.#pump = null;
        if (this.#queue.length > 0) this.#schedule();
      });
    return this.#pump;
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#over.signal.aborted) {
      const pauseMs = await this.#sendOne();
      if (pauseMs === null) continue;
      if (this.#closing !== null) return;
      await this.#pause(pauseMs);
    }
  }

  /** If we die here, what is under way may have been taken, and nobody sends it again. @returns how long to wait; `null`: not at all */
  async #sendOne(): Promise<number | null> {
    const { receiver, timeoutMs } = this.#options;
    const batch = this.#queue.take(Math.max(1, Math.floor(receiver.maxRecords / this.#halved)), receiver.maxBytes);
    this.#inFlight = batch;
    this.#inFlightBytes = batch.reduce((sum, parcel) => sum + bytesOf(parcel), 0);
    let verdict: Verdict;
    try {
      verdict = await receiver.send(batch, { signal: this.#over.signal, timeoutMs });
    } catch (error) {
      verdict = this.#verdictOn(error, batch);
    }
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    return this.#settle(batch, verdict);
  }

  #verdictOn(error: unknown, batch: readonly Parcel[]): Verdict {
    if (error instanceof TooLarge) {
      if (batch.length === 1) return { refused: 1, reason: error.message };
      this.#halved = Math.ceil(this.#options.receiver.maxRecords / Math.floor(batch.length / 2));
      return { again: [...batch], atOnce: true };
    }
    return {
      again: [...batch],
      reason: error instanceof Error ? error.message : String(error),
      retryAfterMs: error instanceof Failure ? error.retryAfterMs : undefined,
    };
  }

  #settle(batch: readonly Parcel[], verdict: Verdict): number | null {
    const { refused = 0, again = [], reason = 'it was not taken' } = verdict;
    const sent = batch.length - refused - again.length;
    if (sent > 0) this.#options.onSent(sent);
    this.#drop(refused, 'refused');
    this.#queue.putBack(again.map((parcel) => [parcel, bytesOf(parcel)]));
    this.#makeRoom();
    if (refused > 0) this.#tellRefusal(reason);
    if (verdict.atOnce) return null;
    if (again.length > 0) this.#tellTrouble(reason);
    else this.#tellRecovered();
    if (again.length === 0) {
      this.#pauseMs = this.#options.pauseMs.first;
      this.#halved = 1;
      return null;
    }
    const pauseMs = Math.min(Math.max(this.#pauseMs, verdict.retryAfterMs ?? 0), LONGEST_ASKED_MS);
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.pauseMs.longest);
    return pauseMs;
  }

  #tellTrouble(reason: string): void {
    if (!this.#troubled) this.#options.onTrouble(reason);
    this.#troubled = true;
  }

  #tellRefusal(reason: string): void {
    const now = Date.now();
    if (this.#refusalToldAt !== null && now - this.#refusalToldAt < TELL_REFUSAL_EVERY_MS) return;
    this.#refusalToldAt = now;
    this.#options.onRefused(reason);
  }

  #tellRecovered(): void {
    if (this.#troubled) this.#options.onRecovered();
    this.#troubled = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(), ms);
      timer.unref();
      const end = () => {
        clearTimeout(timer);
        this.#pausing = null;
        resolve();
      };
      this.#pausing = { end };
      if (this.#closing !== null) end();
    });
  }

  #makeRoom(): void {
    let dropped = 0;
    while (this.#queue.length > 0 && this.#queue.bytes + this.#inFlightBytes > this.#options.bufferBytes) {
      this.#queue.dropOldest();
      dropped += 1;
    }
    this.#drop(dropped, 'buffer_full');
  }

  #drop(count: number, reason: DropReason): void {
    if (count > 0) this.#options.onDropped(count, reason);
  }
}

function bytesOf({ record }: Parcel): number {
  return Buffer.byteLength(record) + OVERHEAD_BYTES;
}

interface Held {
  parcel: Parcel;
  bytes: number;
}

const GONE: Held = { parcel: { id: 0, record: '' }, bytes: 0 };

/** First in, first out; taking from the front costs the same however long it is. */
class ParcelQueue {
  #parcels: Held[] = [];
  #from = 0;
  bytes = 0;

  get length(): number {
    return this.#parcels.length - this.#from;
  }

  push(parcel: Parcel, bytes: number): void {
    this.#parcels.push({ parcel, bytes });
    this.bytes += bytes;
  }

  take(maxRecords: number, maxBytes: number): Parcel[] {
    const taken: Parcel[] = [];
    let bytes = 0;
    while (this.length > 0 && taken.length < maxRecords) {
      const next = this.#parcels[this.#from];
      if (next === undefined || (taken.length > 0 && bytes + next.bytes > maxBytes)) break;
      bytes += next.bytes;
      taken.push(next.parcel);
      this.#shift(next.bytes);
    }
    return taken;
  }

  /** At the front, in their order. */
  putBack(parcels: readonly [Parcel, number][]): void {
    if (parcels.length === 0) return;
    const back = parcels.map(([parcel, bytes]) => ({ parcel, bytes }));
    this.#parcels = [...back, ...this.#parcels.slice(this.#from)];
    this.#from = 0;
    this.bytes += back.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  dropOldest(): void {
    this.#shift(this.#parcels[this.#from]?.bytes ?? 0);
  }

  clear(): number {
    const { length } = this;
    this.#parcels = [];
    this.#from = 0;
    this.bytes = 0;
    return length;
  }

  #shift(bytes: number): void {
    // The text must not be held until the array is cut.
    this.#parcels[this.#from] = GONE;
    this.#from += 1;
    this.bytes -= bytes;
    if (this.#from < 4_096 || this.#from * 2 < this.#parcels.length) return;
    this.#parcels = this.#parcels.slice(this.#from);
    this.#from = 0;
  }
}
