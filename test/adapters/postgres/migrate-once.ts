import { migrate } from '../../../src/adapters/postgres/migrate.ts';

/** A process of its own that migrates the database named by its argument and prints what it ran. */
process.stdout.write(JSON.stringify(await migrate(process.argv[2] ?? '')));
