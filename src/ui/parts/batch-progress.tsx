import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { api, ask } from '../api/client.ts';
import type { Batch } from '../api/types.ts';
import { plural, spanWords } from '../words.ts';
import { useAction, useMay } from './actions.ts';

const STATES = {
  running: { label: 'Running', color: 'blue' },
  completed: { label: 'Done', color: 'green' },
  cancelled: { label: 'Cancelled', color: 'gray' },
  failed: { label: 'Failed', color: 'red' },
} as const;

export function batchState(state: Batch['state']): { label: string; color: string } {
  return STATES[state];
}

/** How far a batch is, in a bar and in words. */
export function BatchBar({ batch }: { batch: Batch }) {
  const { planned, total, done, changed, unchanged, failed, skipped, underWay, secondsLeft, state } = batch;
  const share = (count: number) => (count / Math.max(1, total)) * 100;
  if (!planned && state === 'running') {
    return (
      <Stack gap={4}>
        <Progress value={100} animated aria-label="The repositories are being counted" />
        <Text size="sm" c="dimmed">
          The repositories are being counted …
        </Text>
      </Stack>
    );
  }
  return (
    <Stack gap={4}>
      <Progress.Root size="md">
        <Progress.Section value={share(changed)} color="green" aria-label={`${changed} changed`} />
        <Progress.Section value={share(unchanged)} color="teal.3" aria-label={`${unchanged} unchanged`} />
        <Progress.Section value={share(failed)} color="red" aria-label={`${failed} failed`} />
        <Progress.Section value={share(skipped)} color="gray.5" aria-label={`${skipped} skipped`} />
      </Progress.Root>
      <Text size="sm" c="dimmed">
        {done.toLocaleString('en')} of {plural(total, 'repository')}: {changed.toLocaleString('en')} changed,{' '}
        {unchanged.toLocaleString('en')} up to date
        {failed > 0 && `, ${failed.toLocaleString('en')} failed`}
        {skipped > 0 && `, ${skipped.toLocaleString('en')} skipped`}
        {underWay > 0 && `, ${underWay.toLocaleString('en')} under way`}
        {secondsLeft !== null && state === 'running' && `; ${leftWords(secondsLeft)}`}
      </Text>
    </Stack>
  );
}

function leftWords(seconds: number): string {
  return seconds < 10 ? 'done in a moment' : `about ${spanWords(seconds * 1_000)} left`;
}

export function CancelBatch({ batch }: { batch: Batch }) {
  const may = useMay();
  const cancel = useAction(
    () => ask(api.POST('/batches/{id}/cancel', { params: { path: { id: batch.batchId } } })),
    'The batch ends; what is under way goes on to its end.',
  );
  if (!may('operate') || batch.state !== 'running') return null;
  return (
    <Group>
      <Button size="xs" variant="outline" color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
        Cancel
      </Button>
    </Group>
  );
}
