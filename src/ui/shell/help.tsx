import { Group, Kbd, Modal, Table, Text } from '@mantine/core';
import { GOES } from './shortcuts.ts';

export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table>
        <Table.Tbody>
          <Line keys={['/']} does="Find a repository, or search in the list you look at" />
          <Line keys={['Ctrl', 'K']} does="Find a repository from any page" />
          {Object.entries(GOES).map(([key, { label }]) => (
            <Line key={key} keys={['g', key]} does={`Go to ${label}`} />
          ))}
          <Line keys={['?']} does="This list" />
          <Line keys={['Esc']} does="Close what is open" />
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed" mt="md">
        In a dialog or a text field the keys do what they always do.
      </Text>
    </Modal>
  );
}

function Line({ keys, does }: { keys: string[]; does: string }) {
  return (
    <Table.Tr>
      <Table.Td w={110}>
        <Group gap={4} wrap="nowrap">
          {keys.map((key) => (
            <Kbd key={key}>{key}</Kbd>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>{does}</Table.Td>
    </Table.Tr>
  );
}
