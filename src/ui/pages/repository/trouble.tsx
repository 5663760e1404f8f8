import { Alert, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleDot } from '@tabler/icons-react';
import type { Mirror } from '../../api/types.ts';
import { Ago } from '../../parts/time.tsx';
import { adviceWords, dateWords, errorWords, plural, STATUS_WORDS } from '../../words.ts';
import { WhatItSaid } from './what-it-said.tsx';

/** Why it is not safe, and what to do: first of all. */
export function Trouble({ mirror }: { mirror: Mirror }) {
  const { status, errorKind, whatToDo, note, retryCount, nextAttemptAt, deleteAt } = mirror;
  const isFailing = status === 'failed' || status === 'permanent_failure';
  if (isFailing) {
    return (
      <Alert
        color={status === 'failed' ? 'orange' : 'red'}
        icon={<IconAlertTriangle />}
        title={errorKind === null ? 'It failed' : errorWords(errorKind)}
      >
        <Stack gap="xs">
          {whatToDo !== null && <Text size="sm">{adviceWords(errorKind, whatToDo)}</Text>}
          <Text size="sm" c="dimmed">
            {retryCount > 0 && `${plural(retryCount, 'attempt')} failed so far. `}
            {nextAttemptAt !== null && (
              <>
                Tried again by itself <Ago at={nextAttemptAt} />.
              </>
            )}
            {status === 'permanent_failure' &&
              nextAttemptAt === null &&
              'It is not tried again by itself: press Retry now when the cause is mended.'}
          </Text>
          {note !== null && <WhatItSaid text={note} />}
        </Stack>
      </Alert>
    );
  }
  if (status === 'completed' || status === 'in_progress' || status === 'pending') return null;
  const { color, meaning } = STATUS_WORDS[status];
  return (
    <Alert color={color} icon={<IconCircleDot />} title={meaning}>
      {note !== null && <Text size="sm">{note}</Text>}
      {deleteAt !== null && (
        <Text size="sm">
          It is deleted on {dateWords(deleteAt)} (<Ago at={deleteAt} />
          ), unless somebody keeps it or you star it again.
        </Text>
      )}
    </Alert>
  );
}
