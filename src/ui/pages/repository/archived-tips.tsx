import { Button, Code, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, ask, Refused } from '../../api/client.ts';
import { historyQuery } from '../../api/queries.ts';
import type { Mirror, Tip } from '../../api/types.ts';
import { useAction, useMay } from '../../parts/actions.ts';
import { Section } from '../../parts/page.tsx';
import { Loading, Shown } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

export function Tips({ mirror }: { mirror: Mirror }) {
  const history = useQuery({ ...historyQuery(mirror.mirrorId), retry: false });
  if (history.error instanceof Refused && history.error.status === 409) return null;
  return (
    <Section title="Archived tips" id="tips">
      {history.isPending ? (
        <Loading what="the archived tips" lines={2} />
      ) : (
        <Shown asked={history} what="The archived tips">
          {({ tips }) =>
            tips.length === 0 ? (
              <Text size="sm" c="dimmed">
                None. When upstream rewrites or removes a branch, its old tip is kept here and can be brought back.
              </Text>
            ) : (
              <Table.ScrollContainer minWidth={500} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
                <Table verticalSpacing="xs">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>What it was</Table.Th>
                      <Table.Th>Commit</Table.Th>
                      <Table.Th>Archived</Table.Th>
                      <Table.Th>
                        <span aria-hidden />
                      </Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {[...tips].reverse().map((tip) => (
                      <TipRow key={tip.name} tip={tip} mirror={mirror} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            )
          }
        </Shown>
      )}
    </Section>
  );
}

function TipRow({ tip, mirror }: { tip: Tip; mirror: Mirror }) {
  const may = useMay();
  const name = tip.of.replace(/^refs\/(heads\/)?/, '');
  const restore = useAction(
    () =>
      ask(
        api.POST('/mirrors/{id}/restore', {
          params: { path: { id: mirror.mirrorId } },
          body: { branch: name, ...(tip.archivedAt === null ? {} : { at: tip.archivedAt }) },
        }),
      ),
    ({ ref, created }) => (created ? `It is there again as ${short(ref)}.` : `It was there already as ${short(ref)}.`),
  );
  return (
    <Table.Tr>
      <Table.Td>{name}</Table.Td>
      <Table.Td>
        <Code>{tip.oid.slice(0, 10)}</Code>
      </Table.Td>
      <Table.Td>
        <Ago at={tip.archivedAt} none="not known" />
      </Table.Td>
      <Table.Td ta="right">
        {tip.restoredAs !== null ? (
          <Text size="sm" c="dimmed">
            back as {short(tip.restoredAs)}
          </Text>
        ) : (
          may('operate') && (
            <Button
              size="compact-sm"
              variant="default"
              loading={restore.isPending}
              onClick={() => restore.mutate()}
              aria-label={`Restore ${name}, ${tip.oid.slice(0, 10)}`}
            >
              Restore
            </Button>
          )
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function short(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}
