import { Failure } from '../domain/failures.ts';
import type { Redact } from '../domain/redaction.ts';
import { retryAfterMs, type HttpAnswer } from './http.ts';

/**
 * What OneDev's error answers mean. Its status codes mislead: business errors are 500, and a server that starts or is in maintenance
 * answers 404 to everything. So decisions rest on status and text together, and a 404 alone never means "missing".
 */

/** How much of an error text goes into a message. */
const SAID_CHARACTERS = 300;

/**
 * The failure an answer stands for.
 * @param doing ends the sentence "OneDev did not …"
 */
export function failureOf(answer: HttpAnswer, doing: string, redact: Redact): Failure {
  const message = `OneDev did not ${doing}: HTTP ${answer.status}, ${redact(saidBy(answer))}`;
  const wait = retryAfterMs(answer.headers, Date.now());
  const options = wait === undefined ? {} : { retryAfterMs: wait };
  if (answer.status === 401) return new Failure('TargetUnauthorized', message);
  if (answer.status === 403) return new Failure('TargetForbidden', message);
  if (answer.status === 503) return new Failure('TargetStarting', message, options);
  // A reverse proxy in front of a OneDev that does not answer.
  if (answer.status === 502 || answer.status === 504) return new Failure('TargetUnreachable', message, options);
  if (answer.status === 429 || answer.status >= 500) return new Failure('TargetError', message, options);
  return new Failure('TargetBadResponse', message);
}

/** @see OneDev 16.5.6 `ProjectResource.getProjectId` (paths) and Hibernate's `ObjectNotFoundException` (ids) */
export function saysMissing(answer: HttpAnswer): boolean {
  return (
    answer.status === 404 && /^(?:Project not found or inaccessible|No row with the given identifier)/.test(answer.text)
  );
}

/** @see OneDev 16.5.6 `ProjectResource.checkProjectNameDuplication` */
export function saysNameTaken(answer: HttpAnswer): boolean {
  return answer.status === 500 && /^Name '/.test(answer.text);
}

/** What an error answer says, as part of a sentence: OneDev sends plain text, proxies and Jetty send pages. */
function saidBy(answer: HttpAnswer): string {
  const location = answer.headers.get('location');
  if (answer.status >= 300 && answer.status < 400 && location) return `a redirect to ${location}`;
  if (/^\s*</.test(answer.text)) return 'a web page';
  const line = answer.text.replace(/\s+/g, ' ').trim();
  return line ? `"${line.slice(0, SAID_CHARACTERS)}"` : 'without a word';
}
