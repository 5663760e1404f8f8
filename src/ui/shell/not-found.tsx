import { Button } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Empty } from '../parts/states.tsx';

export function NotFound() {
  return (
    <Empty title="There is no such page" icon={<IconMapOff size={24} />}>
      <p>The address may have a typing error in it, or be of another version.</p>
      <Button renderRoot={(props) => <Link to="/" {...props} />} variant="light">
        Go home
      </Button>
    </Empty>
  );
}
