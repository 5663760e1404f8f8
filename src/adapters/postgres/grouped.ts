import { Failure } from '../../domain/failures.ts';

export interface GroupBounds {
  /** How long whoever comes first waits for company. Default 0: not at all. */
  gatherMs?: number;
  /** Of one group. Default 100. */
  maxGroup?: number;
  /** A group that takes longer than this does not hold up the next one: its connection may be a dead one. Default 500. */
  patienceMs?: number;
}

interface Waiting<Input, Output> {
  input: Input;
  resolve: (output: Output) => void;
  reject: (error: unknown) => void;
}

/**
 * Has one statement do for many what each of them asks for at the same time. Who comes alone is served at once; who comes while a group is under
 * way gathers for the next. So nobody waits for company unless that is asked for, and a storm costs one commit for many: what is told with NOTIFY
 * commits one transaction after the other, each waiting for the disk.
 *
 * A failed group has done nothing. When the statement, and not Postgres, is at fault, each is tried by itself, so that one cannot spoil it for the
 * others.
 * @param run answers in the order of its inputs
 * @see https://www.postgresql.org/docs/current/sql-notify.html
 */
export function grouped<Input, Output>(
  run: (inputs: Input[]) => Promise<Output[]>,
  { gatherMs = 0, maxGroup = 100, patienceMs = 500 }: GroupBounds = {},
): (input: Input) => Promise<Output> {
  const gathering: Waiting<Input, Output>[] = [];
  let underWay = false;

  const next = (): void => {
    if (underWay || gathering.length === 0) return;
    underWay = true;
    if (gatherMs > 0) setTimeout(begin, gatherMs);
    else begin();
  };
  const begin = (): void => {
    let isHeldUp = true;
    const goOn = () => {
      if (!isHeldUp) return;
      isHeldUp = false;
      clearTimeout(patience);
      underWay = false;
      next();
    };
    const patience = setTimeout(goOn, patienceMs);
    void settle(gathering.splice(0, maxGroup), run).finally(goOn);
  };

  return (input) =>
    new Promise((resolve, reject) => {
      gathering.push({ input, resolve, reject });
      next();
    });
}

async function settle<Input, Output>(
  group: Waiting<Input, Output>[],
  run: (inputs: Input[]) => Promise<Output[]>,
): Promise<void> {
  try {
    const outputs = await run(group.map(({ input }) => input));
    if (outputs.length !== group.length) throw new Error(`${group.length} were asked for, ${outputs.length} answered`);
    group.forEach(({ resolve }, index) => resolve(outputs[index] as Output));
  } catch (error) {
    if (group.length === 1 || error instanceof Failure) for (const { reject } of group) reject(error);
    else await Promise.all(group.map((one) => settle([one], run)));
  }
}
