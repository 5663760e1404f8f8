import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask, Refused, Unreachable } from '../api/client.ts';
import { settingsQuery } from '../api/queries.ts';

/** Entering settings: the api ends and starts again by them, which takes a moment. */

export type Changes = Record<string, string | null>;

const LOOK_EVERY_MS = 400;
const PATIENCE_MS = 60_000;

/** Waits until `holds`; while the api starts again it does not answer. @throws Error with this reason after a minute */
export async function until(holds: () => Promise<boolean>, why: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    if (Date.now() > end) throw new Error(why);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Enters them, and waits until the api runs by them. */
export function useEnter() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (settings: Changes) => {
      await ask(api.POST('/settings', { body: { settings } }));
      await until(
        async () => !(await ask(api.GET('/settings'))).isBehind,
        'They are entered, but Starkeep has not started again by them yet. If whatever runs it does not start it again by itself, do that.',
      );
    },
    onSuccess: () => client.invalidateQueries({ queryKey: settingsQuery.queryKey }),
  });
}

/** What is wrong with each setting, by name, as the api said it; under '' what is wrong with them together. */
export function problemsIn(error: Error | null): Record<string, string> {
  const errors = error instanceof Refused ? (error.problem?.errors ?? []) : [];
  return Object.fromEntries(errors.map(({ field, problem }) => [field, problem]));
}
