import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask } from '../api/client.ts';
import type { Schemas } from '../../client/client.ts';
import { useSession } from './session.ts';
import type { Scope } from '../api/types.ts';

/** What buttons do: one request, then a sentence about it, then whatever it changed is asked for again. */

const RANK: Record<Scope, number> = { read: 0, operate: 1, admin: 2 };

/** Whether the key of this session may do what needs a scope. */
export function useMay(): (scope: Scope) => boolean {
  const { scope } = useSession();
  return (needed) => RANK[scope] >= RANK[needed];
}

/** The workflow that was told takes a moment to write down what it did; news of it comes by itself, and this is for when none does. */
const LOOK_AGAIN_MS = 1_500;

export function useAction<Argument = void, Answer = unknown>(
  work: (argument: Argument) => Promise<Answer>,
  said: string | ((answer: Answer, argument: Argument) => string),
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: (answer, argument) => {
      const message = typeof said === 'string' ? said : said(answer, argument);
      notifications.show({ message, color: 'green', autoClose: 5_000 });
      void client.invalidateQueries();
      setTimeout(() => void client.invalidateQueries(), LOOK_AGAIN_MS);
    },
    onError: (error) =>
      notifications.show({ title: 'That did not work', message: error.message, color: 'red', autoClose: 12_000 }),
  });
}

type Decision = 'sync' | 'pause' | 'resume' | 'approve-deletion' | 'cancel-deletion' | 'keep';

export function decide(mirrorId: string, decision: Decision, body: Schemas['Decision'] = {}) {
  return ask(api.POST(`/mirrors/{id}/${decision}`, { params: { path: { id: mirrorId } }, body }));
}
