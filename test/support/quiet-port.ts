import { freePort } from '../../src/free-port.ts';

/** Below what systems hand out themselves (32768 and up on Linux, 49152 and up elsewhere), and what the fault campaign looks for (21000 and up). */
const FROM = 10_000;
const SO_MANY = 10_000;

/** A free port of 127.0.0.1 that no other test is given by chance while nothing listens on it. */
export function quietPort(): Promise<number> {
  return freePort(FROM + Math.floor(Math.random() * SO_MANY));
}
