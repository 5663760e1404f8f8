import { minute, type AlertNotice } from './alerts.ts';

/** A message about alerts in plain words, for people. No link: whoever reads it elsewhere could not follow one. */

/** Spelled out in one message; the rest is counted. */
const SPELLED_OUT = 10;

/** The first line, or the subject. @param notices at least one */
export function titleOf(notices: readonly AlertNotice[]): string {
  const [first] = notices;
  if (first === undefined) return 'Starkeep';
  if (notices.length === 1) return `Starkeep: ${headOf(first)}`;
  const raised = notices.filter(({ transition }) => transition !== 'cleared').length;
  const cleared = notices.length - raised;
  const parts = [...(raised > 0 ? [`${raised} new`] : []), ...(cleared > 0 ? [`${cleared} over`] : [])];
  return `Starkeep: ${parts.join(', ')}, first: ${headOf(first)}`;
}

export function textOf(notices: readonly AlertNotice[]): string {
  const rest = notices.length - SPELLED_OUT;
  return [
    ...notices.slice(0, SPELLED_OUT).map(paragraphOf),
    ...(rest > 0 ? [`… and ${rest} more: starkeep alerts --all`] : []),
  ].join('\n\n');
}

/** How loud one message about several is. */
export function loudest(notices: readonly AlertNotice[]): 'info' | 'warning' | 'error' {
  const levels = notices.map(({ transition, alert }) => (transition === 'raised' ? alert.level : 'info'));
  if (levels.includes('error')) return 'error';
  return levels.includes('warning') ? 'warning' : 'info';
}

const LONGEST_HEAD = 120;

function headOf({ transition, alert }: AlertNotice): string {
  const mark = transition === 'cleared' ? 'over' : transition === 'test' ? 'test' : alert.level;
  const head = `[${mark}] ${transition === 'cleared' ? overOf(alert) : alert.summary}`;
  return head.length <= LONGEST_HEAD ? head : `${head.slice(0, LONGEST_HEAD - 1)}…`;
}

/** That something is over reads oddly under the words for what was so. */
function overOf({ fullName, clearedWhy, summary }: AlertNotice['alert']): string {
  return fullName === null ? summary : `${fullName}: ${clearedWhy ?? ''}`;
}

function paragraphOf({ id, transition, alert }: AlertNotice): string {
  const { summary, advice, command, level, raisedAt, clearedAt, clearedWhy } = alert;
  if (transition === 'cleared') {
    const when = clearedAt === null ? '' : ` on ${minute(clearedAt)}`;
    return [
      `[over] ${overOf(alert)}`,
      `What it was: ${summary}`,
      `Over${when}: ${clearedWhy ?? ''}. It was so since ${minute(raisedAt)}.`,
      `See: ${command}   (message ${id})`,
    ].join('\n');
  }
  return [
    `[${transition === 'test' ? 'test' : level}] ${summary}`,
    `What to do: ${advice}`,
    `See: ${command}   (since ${minute(raisedAt)}, message ${id})`,
  ].join('\n');
}
