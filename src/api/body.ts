/** GitHub sends no larger deliveries. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const MAX_DELIVERY_BYTES = 25 * 1024 * 1024;

/** GitHub gives a delivery ten seconds in all; a body that takes longer than this is not GitHub's. */
export const BODY_TIMEOUT_MS = 9_000;

export type BodyRead = { ok: true; bytes: Buffer } | { ok: false; why: 'too_large' | 'too_slow' | 'cut_off' };

export interface BodyOptions {
  /** Default {@link MAX_DELIVERY_BYTES}. */
  limit?: number;
  /** Default {@link BODY_TIMEOUT_MS}. */
  timeoutMs?: number;
  /** Told of each piece as it comes. */
  onChunk?: (chunk: Uint8Array) => void;
}

/** What Content-Length says; `null` when it says nothing that can be. It is a claim, to plan with: what counts is what comes. */
export function declaredBytes(request: Request): number | null {
  const header = request.headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(header) ? Number(header) : null;
}

/** Reads a body up to a limit that is enforced while reading, whatever Content-Length claims. */
export async function readBody(
  request: Request,
  { limit = MAX_DELIVERY_BYTES, timeoutMs = BODY_TIMEOUT_MS, onChunk }: BodyOptions = {},
): Promise<BodyRead> {
  const declared = declaredBytes(request);
  if (declared !== null && declared > limit) return { ok: false, why: 'too_large' };
  if (!request.body) return { ok: true, bytes: Buffer.alloc(0) };

  // More than was declared is more than there is room for.
  const most = Math.min(limit, declared ?? limit);
  const pieces = createPieces(declared);
  const reader = request.body.getReader();
  let tooSlow = false;
  const timer = setTimeout(() => {
    tooSlow = true;
    reader.cancel().catch(() => (tooSlow = true));
  }, timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (tooSlow) return { ok: false, why: 'too_slow' };
      if (done) return { ok: true, bytes: pieces.bytes() };
      if (pieces.size() + value.byteLength > most) {
        await reader.cancel();
        return { ok: false, why: 'too_large' };
      }
      pieces.add(value);
      onChunk?.(value);
    }
  } catch {
    // The client went away in the middle; there is nobody to answer, and nothing was accepted.
    return { ok: false, why: tooSlow ? 'too_slow' : 'cut_off' };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Puts pieces together in memory that was taken once, when their length was told: a large body is never there twice. What is not
 * written to is not in memory either, so that claiming a length costs us nothing.
 */
function createPieces(declared: number | null) {
  const whole = declared === null ? null : Buffer.allocUnsafeSlow(declared);
  const apart: Uint8Array[] = [];
  let size = 0;
  return {
    size: () => size,
    add: (chunk: Uint8Array) => {
      if (whole === null) apart.push(chunk);
      else whole.set(chunk, size);
      size += chunk.byteLength;
    },
    bytes: (): Buffer => (whole === null ? Buffer.concat(apart, size) : whole.subarray(0, size)),
  };
}
