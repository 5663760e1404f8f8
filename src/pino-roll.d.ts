/** pino-roll ships no types of its own for its stream form. */
declare module 'pino-roll' {
  interface RollOptions {
    file: string;
    size?: string | number;
    frequency?: 'daily' | 'hourly' | number;
    limit?: { count: number };
    mkdir?: boolean;
    /** Of the stream below (sonic-boom): bytes that may wait. */
    maxLength?: number;
  }
  /** Emits `ready` when it is open, `write` after a write, `error` after a failed one. */
  export interface RolledFile extends NodeJS.EventEmitter {
    write(line: string): boolean;
    end(): void;
  }
  export default function pinoRoll(options: RollOptions): Promise<RolledFile>;
}
