import { describe, expect, it } from 'vitest';
import { createBar } from '../../src/commands/bar.ts';
import { paint } from '../../src/commands/paint.ts';
import { tableOf } from '../../src/commands/table.ts';
import { terminalOf } from '../support/cli.ts';

const ROWS = [
  {
    name: 'ada/an-engine-with-a-long-name',
    state: 'failed',
    at: '2026-11-23 22:05 UTC',
    why: 'OneDev did not '.repeat(9),
  },
  { name: 'bob/loom', state: 'completed', at: '2026-11-24 22:05 UTC', why: '' },
];
type Row = (typeof ROWS)[number];

const COLUMNS = [
  { head: 'repository', cell: ({ name }: Row) => name },
  { head: 'state', cell: ({ state }: Row) => state, tone: () => 'bad' as const },
  { head: 'at', cell: ({ at }: Row) => at, spare: true as const },
  { head: 'why', cell: ({ why }: Row) => why, grows: true as const },
];

const withoutColours = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '');

describe('a table', () => {
  it.each([40, 60, 80, 120, 200])('fits %i columns, with colours too', (width) => {
    for (const whole of [false, true]) {
      const text = tableOf(COLUMNS, ROWS, { width, colours: true }, { whole });

      expect(text).toContain('\u001b[31m');
      for (const line of withoutColours(text).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it('leaves a spare column out where the growing one would have too little', () => {
    expect(tableOf(COLUMNS, ROWS, { width: 90 })).not.toContain('22:05');
    expect(tableOf(COLUMNS, ROWS, { width: 140 })).toContain('22:05');
  });

  it('is whole, and without colours, where nobody reads on a terminal', () => {
    const text = tableOf(COLUMNS, ROWS, { width: null });

    expect(text).toContain(ROWS[0]?.why.trim());
    expect(text).not.toContain('\u001b');
  });

  it('cuts nothing off where everything counts', () => {
    const text = tableOf(COLUMNS, ROWS, { width: 60 }, { whole: true });

    expect(text.match(/did/g)).toHaveLength(9);
  });
});

describe('colours', () => {
  it('are there where they are wanted, and nowhere else', () => {
    expect(paint({ colours: true }, 'good', 'completed')).toBe('\u001b[32mcompleted\u001b[39m');
    expect(paint({ colours: false }, 'good', 'completed')).toBe('completed');
    expect(paint({}, 'bad', 'failed')).toBe('failed');
  });
});

describe('how far something is, where there is no terminal', () => {
  function lines(): { printed: string[]; bar: ReturnType<typeof createBar> } {
    const printed: string[] = [];
    return { printed, bar: createBar({ print: (text) => void printed.push(text), width: null }) };
  }

  it('is a line for every tenth', () => {
    const { printed, bar } = lines();

    for (let done = 0; done <= 30; done += 1) bar.show({ done, total: 30, text: `${done} of 30` });

    expect(printed).toHaveLength(10);
    expect([printed[0], printed.at(-1)]).toEqual(['10 %: 3 of 30', '100 %: 30 of 30']);
  });

  it('is a line for each thing that is done, where nobody knows how much there is', () => {
    const { printed, bar } = lines();

    for (const text of ['receiving, 1 MB', 'receiving, 2 MB', 'comparing']) bar.show({ done: 0, total: null, text });

    expect(printed).toEqual(['receiving, 1 MB', 'comparing']);
  });
});

describe('how far something is, on a terminal', () => {
  it('is a bar that fits beside its words', () => {
    const { stream, lastLine } = terminalOf(40);
    const bar = createBar({ print: () => undefined, width: 40, terminal: stream });

    bar.show({ done: 0, total: null, text: 'waiting for a worker to begin' });
    const before = lastLine();
    bar.show({ done: 5, total: 10, text: '5 of 10 mirrors' });
    bar.end();

    expect(before).toBe('waiting for a worker to begin');
    expect(lastLine()).toBe(`[${'#'.repeat(11)}${'-'.repeat(10)}] 5 of 10 mirrors`);
  });
});
