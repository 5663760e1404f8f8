import { Button, Group, List, Stack, Text } from '@mantine/core';
import { IconZoomQuestion } from '@tabler/icons-react';
import { api, ask } from '../api/client.ts';
import type { Reading } from '../api/types.ts';
import { plural } from '../words.ts';
import { useAction, useMay } from './actions.ts';
import { Ago } from './time.tsx';

/** So many names tell whether somebody meant it; the others are folded. */
const NAMED = 8;

/** A reading of the star list that lacks so many stars at once that nothing follows from it until a person says so. */
export function HeldReading({ reading }: { reading: Reading }) {
  const { absent, absentNames, reason, startedAt } = reading;
  const [first, rest] = [absentNames.slice(0, NAMED), absentNames.slice(NAMED)];
  const unnamed = absent - absentNames.length;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {plural(absent, 'star')} gone at once
      </Text>
      <Text size="sm" component="div">
        GitHub’s list of your stars, read <Ago at={startedAt} />, lacks {absent === 1 ? 'one' : 'them'}
        {reason !== null && ` (${reason})`}. Nothing is deleted for that. If you unstarred them, let GitHub be asked
        about each: what it confirms is deleted after its grace period, and can be kept until then. If you did not, do
        nothing.
      </Text>
      <Names names={first} />
      {rest.length > 0 && (
        <details>
          <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
            and {rest.length.toLocaleString('en')} more
          </Text>
          <Names names={rest} />
        </details>
      )}
      {unnamed > 0 && (
        <Text size="xs" c="dimmed">
          {unnamed.toLocaleString('en')} others are not named here.
        </Text>
      )}
    </Stack>
  );
}

function Names({ names }: { names: string[] }) {
  return (
    <List size="sm" spacing={0} style={{ overflowWrap: 'anywhere' }}>
      {names.map((name) => (
        <List.Item key={name}>{name}</List.Item>
      ))}
    </List>
  );
}

export function AskButton({ reading: { readingId } }: { reading: Reading }) {
  const may = useMay();
  const asking = useAction(
    () => ask(api.POST('/readings/{id}/ask', { params: { path: { id: readingId } } })),
    ({ asked }) => `GitHub is asked about ${plural(asked, 'repository')}. What it confirms is listed under Deletions.`,
  );
  if (!may('admin'))
    return (
      <Text size="xs" c="dimmed">
        It takes an admin key to decide.
      </Text>
    );
  return (
    <Group>
      <Button
        size="xs"
        leftSection={<IconZoomQuestion size={15} aria-hidden />}
        loading={asking.isPending}
        onClick={() => asking.mutate()}
      >
        Ask GitHub about them
      </Button>
    </Group>
  );
}
