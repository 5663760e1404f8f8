import { Anchor, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { someMirrorsQuery } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';
import { SyncButton } from '../../parts/mirror-actions.tsx';
import { Section } from '../../parts/page.tsx';
import { Shown } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import { adviceWords, errorWords, plural } from '../../words.ts';
import { SHOWN, Row } from './row.tsx';

export function Failing({ count }: { count: number }) {
  const failing = useQuery(someMirrorsQuery({ status: ['permanent_failure', 'failed'] }, SHOWN));
  return (
    <Section
      title="Failing now"
      id="failing"
      aside={
        count > SHOWN && (
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/repositories" search={{ status: ['failed', 'permanent_failure'] }} {...props} />
            )}
          >
            All {count.toLocaleString('en')}
          </Anchor>
        )
      }
    >
      <Shown asked={failing} what="What is failing">
        {({ mirrors }) => (
          <Stack gap={0}>
            {mirrors.map((mirror) => (
              <Row key={mirror.mirrorId} mirror={mirror} actions={<SyncButton mirror={mirror} isRetry />}>
                <Reason mirror={mirror} />
              </Row>
            ))}
          </Stack>
        )}
      </Shown>
    </Section>
  );
}

/** What happened, what to do about it, and what happens by itself. */
export function Reason({ mirror }: { mirror: Mirror }) {
  const { errorKind, whatToDo, note, retryCount, nextAttemptAt } = mirror;
  return (
    <>
      <Text size="sm" fw={500}>
        {errorKind === null ? (note ?? 'It failed.') : `${errorWords(errorKind)}.`}
      </Text>
      {whatToDo !== null && (
        <Text size="sm" c="dimmed">
          {adviceWords(errorKind, whatToDo)}
        </Text>
      )}
      {(retryCount > 0 || nextAttemptAt !== null) && (
        <Text size="xs" c="dimmed">
          {retryCount > 0 && `${plural(retryCount, 'attempt')} failed so far. `}
          {nextAttemptAt !== null && (
            <>
              Tried again by itself <Ago at={nextAttemptAt} />.
            </>
          )}
          {nextAttemptAt === null && 'It is not tried again by itself: mend the cause, then press the button.'}
        </Text>
      )}
    </>
  );
}

export function Stale({ count }: { count: number }) {
  const stale = useQuery(someMirrorsQuery({ stale: true }, 5));
  return (
    <Section
      title="Not looked at for a day"
      id="stale"
      aside={
        <Anchor size="sm" renderRoot={(props) => <Link to="/repositories" search={{ stale: true }} {...props} />}>
          All {count.toLocaleString('en')}
        </Anchor>
      }
    >
      <Shown asked={stale} what="What is stale">
        {({ mirrors }) => (
          <Stack gap={0}>
            {mirrors.map((mirror) => (
              <Row key={mirror.mirrorId} mirror={mirror} actions={<SyncButton mirror={mirror} />}>
                <Text size="sm" c="dimmed">
                  Last looked at <Ago at={mirror.lastCheckedAt} />.
                </Text>
              </Row>
            ))}
          </Stack>
        )}
      </Shown>
    </Section>
  );
}
