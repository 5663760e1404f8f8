import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * `npm run audit:dependencies`: asks npm's registry for known vulnerabilities of everything in the lockfile. Exit codes: 0 none of them high or
 * critical, 1 there are some, 3 the registry could not be asked, which is no clean bill of health.
 */

export type AuditVerdict =
  | { kind: 'clean'; below: number }
  | { kind: 'vulnerable'; packages: string[] }
  | { kind: 'unanswered'; reason: string };

interface Audit {
  auditReportVersion?: number;
  vulnerabilities?: Record<string, { severity: string; range: string; fixAvailable: unknown }>;
  message?: string;
  error?: { code?: string; summary?: string };
}

const SEVERE = ['high', 'critical'];

/** @param output of `npm audit --json`, whatever came of it */
export function auditVerdict(output: string): AuditVerdict {
  let audit: Audit;
  try {
    audit = JSON.parse(output) as Audit;
  } catch {
    return { kind: 'unanswered', reason: output.trim().split('\n')[0] || 'npm said nothing' };
  }
  const { vulnerabilities, auditReportVersion, message, error } = audit;
  // Some registries have no such service, and answer with an error or with something that is no report.
  if (auditReportVersion === undefined || vulnerabilities === undefined) {
    return { kind: 'unanswered', reason: message || error?.summary || error?.code || 'the answer is no report' };
  }
  const found = Object.entries(vulnerabilities);
  const severe = found.filter(([, { severity }]) => SEVERE.includes(severity));
  if (severe.length === 0) return { kind: 'clean', below: found.length };
  const packages = severe.map(([name, { severity, range, fixAvailable }]) => {
    return `${name} ${range}: ${severity}${fixAvailable ? '; `npm audit fix` has a remedy' : ''}`;
  });
  return { kind: 'vulnerable', packages };
}

async function audit(): Promise<AuditVerdict> {
  const child = spawn('npm', ['audit', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const failed = new Promise<AuditVerdict>((resolve) =>
    child.once('error', ({ message }) => resolve({ kind: 'unanswered', reason: message })),
  );
  return Promise.race([failed, text(child.stdout).then(auditVerdict)]);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const verdict = await audit();
  switch (verdict.kind) {
    case 'clean':
      process.stdout.write(`No known vulnerability is high or critical; ${verdict.below} are below that.\n`);
      break;
    case 'vulnerable':
      process.stderr.write(`${verdict.packages.join('\n')}\n`);
      process.exitCode = 1;
      break;
    case 'unanswered':
      process.stderr.write(`Nothing is known: the registry could not be asked (${verdict.reason}).\n`);
      process.stderr.write('Run it where npm reaches a registry that answers audits, such as registry.npmjs.org.\n');
      process.exitCode = 3;
  }
}
