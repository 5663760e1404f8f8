import { currentTracer, traced, type TracedSpan } from '../tracing.ts';
import type { Side } from './messages.ts';

/** A span for one thing that git does with one side. Addresses of repositories stay out of it: the mirror says which one. */
export function gitSpan<Result>(
  verb: 'list' | 'fetch' | 'push',
  side: Side,
  work: (span: TracedSpan) => Promise<Result>,
): Promise<Result> {
  return traced(`git ${verb}`, { kind: 'client', attributes: { 'git.side': side } }, work);
}

/** @returns the same chunks; `onEnd` is told how many bytes they were, where anybody wants to know */
export function counted(chunks: AsyncIterable<Buffer>, onEnd: (bytes: number) => void): AsyncIterable<Buffer> {
  return currentTracer() === null ? chunks : counting(chunks, onEnd);
}

async function* counting(chunks: AsyncIterable<Buffer>, onEnd: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  } finally {
    onEnd(bytes);
  }
}
