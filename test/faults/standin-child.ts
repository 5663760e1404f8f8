import type { FromStandin, ToStandin } from './standin-process.ts';

/** The stand-in's end of {@link startStandinProcess}. */
export interface Campaign {
  tell(what: string, value: unknown): void;
  /** Waits until the campaign has taken note. */
  ask(what: string, value: unknown): Promise<void>;
}

type Handlers = Record<string, (argument: never) => unknown>;

export function serveCampaign(handlers: Handlers): Campaign {
  const waiting = new Map<number, () => void>();
  let lastQuestion = 0;
  const send = (message: FromStandin): void => void process.send?.(message);

  process.on('message', ({ call, answered }: ToStandin) => {
    if (answered) {
      waiting.get(answered.question)?.();
      waiting.delete(answered.question);
    }
    if (!call) return;
    const run = async (): Promise<unknown> => handlers[call.call]?.(call.argument as never);
    run().then(
      (value) => send({ answer: call.id, value }),
      (error: unknown) => send({ answer: call.id, error: String(error) }),
    );
  });
  // A campaign that was killed leaves nobody behind.
  process.on('disconnect', () => process.exit());

  return {
    tell: (told, value) => send({ told, value }),
    ask(told, value) {
      const question = (lastQuestion += 1);
      const noted = new Promise<void>((resolve) => waiting.set(question, resolve));
      send({ told, value, question });
      return noted;
    },
  };
}

/** A fault as it goes through between processes. */
export interface SentFault {
  match: RegExp;
  times: number;
  /** Waits so long before the request is looked at. */
  delayMs?: number;
  status?: number;
  body?: string;
  disconnect?: 'at once' | { afterRequestBytes: number } | { afterResponseBytes: number };
}

export function faultOf({ delayMs, ...fault }: SentFault) {
  if (delayMs === undefined) return fault;
  return { ...fault, before: () => new Promise<void>((wake) => setTimeout(wake, delayMs)) };
}
