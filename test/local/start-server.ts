/** Starts one of our servers the way `starkeep up` does, prints it as JSON, and stays; Ctrl-C is not for it. Killed by the tests. */
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { startTemporal } from '../../src/local/embedded-temporal.ts';

const [kind, dataDir = '', binary = ''] = process.argv.slice(2);
const say = (line: string) => process.stderr.write(`${line}\n`);
const options = { dataDir, port: 0, say, onExit: say };
const server =
  kind === 'postgres' ? await startPostgres(options) : await startTemporal({ ...options, binary, headless: true });

process.on('SIGINT', () => undefined);
process.stdout.write(`${JSON.stringify(server)}\n`);
