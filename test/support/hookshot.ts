import { Agent, request } from 'node:http';
import { signedDelivery } from '../standins/github-webhooks.ts';

/** What became of a delivery. */
export interface Shot {
  guid: string;
  /** `null`: the connection broke, for the reason in `trouble`. */
  status: number | null;
  trouble: string | null;
  ms: number;
  /** When it was sent, and whether on a connection that had been used before: for whoever looks for the reason of a trouble. */
  at: string;
  reused: boolean;
}

/** GitHub as a steady sender of deliveries: half of them on connections it keeps, half on fresh ones. It sends each once, as GitHub does. */
export interface Hookshot {
  /** Everything that was sent and has been answered, or not. */
  readonly shots: readonly Shot[];
  /**
   * Sends every `everyMs`, whether the ones before were answered or not.
   * @param next what is sent; asked for one after the other
   */
  begin(everyMs: number, next: () => Promise<{ event: string; payload: object }>): void;
  /** Sends no more, and waits for the answers. */
  end(): Promise<void>;
}

/** GitHub's own patience. */
const ANSWER_WITHIN_MS = 10_000;

const KEPT_CONNECTIONS = 3;

/** Less than the api keeps a connection that nobody uses, or a request would now and then be sent on one that it is just closing. */
const KEPT_MS = 2_000;

export function createHookshot(url: string, secret: string): Hookshot {
  const shots: Shot[] = [];
  const agents = [
    new Agent({ keepAlive: true, maxSockets: KEPT_CONNECTIONS, timeout: KEPT_MS }),
    new Agent({ keepAlive: false }),
  ];
  const underWay = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let asking: Promise<unknown> = Promise.resolve();
  let count = 0;

  async function shoot({ event, payload }: { event: string; payload: object }): Promise<void> {
    const { guid, body, headers } = signedDelivery(event, payload, { secret });
    const agent = agents[(count += 1) % agents.length];
    const began = performance.now();
    const at = new Date().toISOString();
    let reused = false;
    const answer = await new Promise<{ status: number | null; trouble: string | null }>((resolve) => {
      const sent = request(`${url}/webhooks/github`, { method: 'POST', agent, headers, timeout: ANSWER_WITHIN_MS });
      sent.once('socket', () => (reused = sent.reusedSocket));
      sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.once('error', (error) => resolve({ status: null, trouble: error.message }));
      sent.once('response', (response) => {
        response.resume();
        response.once('error', (error) => resolve({ status: null, trouble: error.message }));
        response.once('end', () => resolve({ status: response.statusCode ?? null, trouble: null }));
      });
      sent.end(body);
    });
    shots.push({ guid, ...answer, ms: performance.now() - began, at, reused });
  }

  return {
    shots,
    begin(everyMs, next) {
      const tick = () => {
        const asked = asking.then(next);
        asking = asked;
        const shot = asked.then(shoot);
        underWay.add(shot);
        void shot.finally(() => underWay.delete(shot));
      };
      timer = setInterval(tick, everyMs);
    },
    async end() {
      clearInterval(timer);
      await Promise.all(underWay);
      agents.forEach((agent) => agent.destroy());
    },
  };
}
