import { Anchor, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deletionsQuery, someMirrorsQuery } from '../../api/queries.ts';
import type { Deletion } from '../../api/types.ts';
import { ApproveButton, FollowButton, UndoButton } from '../../parts/mirror-actions.tsx';
import { Section } from '../../parts/page.tsx';
import { Ago } from '../../parts/time.tsx';
import { dateWords } from '../../words.ts';
import { SHOWN, Row } from './row.tsx';

export function Waiting() {
  const held = useQuery(someMirrorsQuery({ status: ['held'] }, SHOWN));
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const waiting = allOf(deletions.data?.pages).filter(({ state }) => state === 'waiting_for_approval');
  const mirrors = held.data?.mirrors ?? [];
  return (
    <Section title="Waiting for your decision" id="waiting">
      <Stack gap={0}>
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
        {held.data && deletions.data && mirrors.length === 0 && waiting.length === 0 && (
          <Text size="sm">
            A reading of your stars lacks more of them than may go at once, so nothing was concluded from it. On the
            machine Starkeep runs on, <code>starkeep deletions</code> shows which, and how to go on.
          </Text>
        )}
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
