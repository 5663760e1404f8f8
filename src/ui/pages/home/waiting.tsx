import { Anchor, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deletionsQuery, heldReadingsQuery, someMirrorsQuery } from '../../api/queries.ts';
import type { Deletion } from '../../api/types.ts';
import { AskButton, HeldReading } from '../../parts/held-reading.tsx';
import { ApproveButton, FollowButton, UndoButton } from '../../parts/mirror-actions.tsx';
import { Section } from '../../parts/page.tsx';
import { Ago } from '../../parts/time.tsx';
import { dateWords } from '../../words.ts';
import { Line, SHOWN, Row } from './row.tsx';

/** What goes on only when a person says so. */
export function Waiting() {
  const readings = useQuery(heldReadingsQuery);
  const held = useQuery(someMirrorsQuery({ status: ['held'] }, SHOWN));
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const waiting = allOf(deletions.data?.pages).filter(({ state }) => state === 'waiting_for_approval');
  const mirrors = held.data?.mirrors ?? [];
  return (
    <Section title="Waiting for your decision" id="waiting">
      <Stack gap={0}>
        {readings.data?.readings.map((reading) => (
          <Line key={reading.readingId} actions={<AskButton reading={reading} />}>
            <HeldReading reading={reading} />
          </Line>
        ))}
        {mirrors.map((mirror) => (
          <Row key={mirror.mirrorId} mirror={mirror} actions={<FollowButton mirror={mirror} />}>
            <Text size="sm">{mirror.note ?? 'Upstream rewrote or removed branches.'}</Text>
          </Row>
        ))}
        {waiting.map((deletion) => (
          <Row
            key={deletion.mirrorId}
            mirror={{ ...deletion, status: 'pending_deletion' }}
            actions={
              <>
                <UndoButton mirror={deletion} />
                <ApproveButton deletion={deletion} />
              </>
            }
          >
            <Text size="sm">{deletion.reason ?? 'Its deletion waits for a person.'}</Text>
          </Row>
        ))}
      </Stack>
    </Section>
  );
}

function allOf(pages: { deletions: Deletion[] }[] | undefined): Deletion[] {
  return pages?.flatMap((page) => page.deletions) ?? [];
}

export function PlannedDeletions() {
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const planned = allOf(deletions.data?.pages).filter(({ state }) => state !== 'waiting_for_approval');
  if (planned.length === 0) return null;
  return (
    <Section
      title="About to be deleted"
      id="deletions"
      aside={
        <Anchor size="sm" renderRoot={(props) => <Link to="/deletions" {...props} />}>
          All deletions
        </Anchor>
      }
    >
      <Stack gap={0}>
        {planned.slice(0, SHOWN).map((deletion) => (
          <Row
            key={deletion.mirrorId}
            mirror={{ ...deletion, status: 'pending_deletion' }}
            actions={<UndoButton mirror={deletion} />}
          >
            <Text size="sm">
              No longer starred. Deleted on OneDev{' '}
              {deletion.dueAt === null ? (
                'when a person approves'
              ) : (
                <>
                  on {dateWords(deletion.dueAt)} (<Ago at={deletion.dueAt} />)
                </>
              )}
              .
            </Text>
          </Row>
        ))}
      </Stack>
    </Section>
  );
}
