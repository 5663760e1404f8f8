import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Button,
  Group,
  Kbd,
  Menu,
  NavLink,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconActivityHeartbeat,
  IconBell,
  IconBook2,
  IconFolders,
  IconHome,
  IconKeyboard,
  IconListCheck,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSettings,
  IconSun,
  IconTrash,
  IconUser,
  IconWebhook,
} from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { listen } from '../api/events.ts';
import { sessionQuery, statsQuery } from '../api/queries.ts';
import { useMay } from '../parts/actions.ts';
import { useSession } from '../parts/session.ts';
import { Help } from './help.tsx';
import { Logo } from './logo.tsx';
import { openSearch, Search } from './search.tsx';
import { Unreachable } from './unreachable.tsx';
import { useShortcuts } from './shortcuts.ts';

const PLACES = [
  { to: '/', label: 'Home', icon: IconHome },
  { to: '/repositories', label: 'Repositories', icon: IconFolders },
  { to: '/deletions', label: 'Deletions', icon: IconTrash },
  { to: '/batches', label: 'Batches', icon: IconListCheck },
  { to: '/deliveries', label: 'Deliveries', icon: IconWebhook },
  { to: '/alerts', label: 'Alerts', icon: IconBell },
  { to: '/audit', label: 'Audit', icon: IconBook2, admin: true },
  { to: '/settings', label: 'Settings', icon: IconSettings },
] as const;

export function Shell({ children }: { children: ReactNode }) {
  const [isOpen, { toggle, close }] = useDisclosure();
  const [isHelp, help] = useDisclosure();
  const { pathname } = useLocation();
  const client = useQueryClient();
  const may = useMay();
  const stats = useQuery(statsQuery);
  useShortcuts({ help: help.open });
  useEffect(() => listen(client), [client]);
  useEffect(close, [pathname, close]);
  useEffect(() => {
    const place = PLACES.find(({ to }) => (to === '/' ? pathname === '/' : pathname.startsWith(to)));
    document.title = place && place.to !== '/' ? `${place.label} · Starkeep` : 'Starkeep';
  }, [pathname]);

  const counts: Partial<Record<string, number>> = {
    '/deletions': stats.data?.mirrors.byStatus.pending_deletion,
    '/alerts': stats.data?.alerts.open,
  };
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 210, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
            />
            <Button
              renderRoot={(props) => <Link to="/" {...props} />}
              variant="transparent"
              px={4}
              aria-label="Starkeep, home"
              leftSection={<Logo />}
            >
              <Text fw={650} size="lg" c="var(--mantine-color-text)" visibleFrom="xs">
                Starkeep
              </Text>
            </Button>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              size="xs"
              leftSection={<IconSearch size={14} aria-hidden />}
              rightSection={<Kbd size="xs">/</Kbd>}
              onClick={openSearch}
              visibleFrom="sm"
            >
              Find a repository
            </Button>
            <ActionIcon variant="default" size="lg" hiddenFrom="sm" onClick={openSearch} aria-label="Find a repository">
              <IconSearch size={18} />
            </ActionIcon>
            <Scheme />
            <Person onHelp={help.open} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        {PLACES.filter((place) => !('admin' in place) || may('admin')).map(({ to, label, icon: Icon }) => {
          const count = counts[to] ?? 0;
          return (
            <NavLink
              key={to}
              renderRoot={(props) => <Link to={to} {...props} />}
              label={label}
              leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
              rightSection={
                count > 0 ? (
                  <Badge size="sm" variant="light" aria-label={`${count} of them`}>
                    {count}
                  </Badge>
                ) : undefined
              }
              active={to === '/' ? pathname === '/' : pathname.startsWith(to)}
            />
          );
        })}
        <NavLink
          mt="auto"
          label="Keyboard"
          leftSection={<IconKeyboard size={18} stroke={1.6} aria-hidden />}
          rightSection={<Kbd size="xs">?</Kbd>}
          renderRoot={(props) => <button type="button" {...props} />}
          onClick={help.open}
          visibleFrom="sm"
        />
      </AppShell.Navbar>
      <AppShell.Main>
        <Unreachable />
        {children}
      </AppShell.Main>
      <Search />
      <Help opened={isHelp} onClose={help.close} />
    </AppShell>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light', { getInitialValueInEffect: false }) === 'dark';
  const label = isDark ? 'Light colours' : 'Dark colours';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Person({ onHelp }: { onHelp: () => void }) {
  const { name, scope } = useSession();
  const client = useQueryClient();
  const logOut = async () => {
    await api.DELETE('/session').catch(() => undefined);
    client.setQueryData(sessionQuery.queryKey, null);
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  };
  return (
    <Menu position="bottom-end" withinPortal withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={`Logged in as ${name}`}>
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name} · {scope === 'admin' ? 'may do everything' : scope === 'operate' ? 'may operate' : 'may look'}
        </Menu.Label>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onHelp}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item
          leftSection={<IconActivityHeartbeat size={16} />}
          renderRoot={(props) => <a href="/health" target="_blank" rel="noreferrer" {...props} />}
        >
          Health
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void logOut()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
