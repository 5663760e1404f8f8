import cliProgress from 'cli-progress';
import type { Output } from './wording.ts';

/** How far something is, while a person waits: a bar on a terminal; elsewhere, and with `--no-progress`, a line now and then. */

export interface Step {
  done: number;
  /** `null`: how much there is to do is not known. */
  total: number | null;
  /** What stands beside the bar, or is the line. Up to the first comma it says what is being done. */
  text: string;
}

export interface Bar {
  show(step: Step): void;
  /** What is printed next goes below it. May be repeated. */
  end(): void;
}

const LONGEST_BAR = 30;
const SHORTEST_BAR = 5;

export function createBar(out: Pick<Output, 'print' | 'width' | 'terminal'>): Bar {
  return out.terminal ? barOn(out.terminal, out.width ?? 80) : lines(out.print);
}

function barOn(terminal: NodeJS.WritableStream, width: number): Bar {
  const bar = new cliProgress.SingleBar({
    stream: terminal,
    hideCursor: true,
    barCompleteChar: '#',
    barIncompleteChar: '-',
    format: (options, { progress, total }, { text }: { text: string }) => {
      // Room for the brackets, the space, and the cursor.
      const barsize = Math.min(LONGEST_BAR, width - text.length - 4);
      if (total === 0 || barsize < SHORTEST_BAR) return text.slice(0, width - 1);
      return `[${cliProgress.Format.BarFormat(progress, { ...options, barsize })}] ${text}`;
    },
  });
  let begun = false;
  return {
    show({ done, total, text }) {
      if (begun) bar.setTotal(total ?? 0);
      else bar.start(total ?? 0, done, { text });
      begun = true;
      bar.update(done, { text });
    },
    end() {
      if (begun) bar.stop();
      begun = false;
    },
  };
}

/** A line for every tenth; where it is not known how much there is, one for each thing that is done. */
function lines(print: (text: string) => void): Bar {
  let said = '';
  return {
    show({ done, total, text }) {
      const tenths = total === null || total === 0 ? 0 : Math.floor((10 * done) / total);
      const what = total === null ? text.replace(/,.*$/s, '') : String(tenths);
      if (what === said || (total !== null && tenths === 0)) return;
      said = what;
      print(total === null ? text : `${tenths * 10} %: ${text}`);
    },
    end: () => undefined,
  };
}
