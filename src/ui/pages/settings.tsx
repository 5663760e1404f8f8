import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Connections } from '../parts/connections.tsx';
import { FilterSettings } from '../parts/filter-settings.tsx';
import { Keys } from '../parts/keys.tsx';
import { Page } from '../parts/page.tsx';
import { SettingsTable } from '../parts/settings-table.tsx';
import { useMay } from '../parts/actions.ts';

const route = getRouteApi('/settings');

export function Settings() {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const isAdmin = may('admin');
  return (
    <Page
      title="Settings"
      about="What Starkeep goes by, and where it comes from. What its environment sets wins; the rest can be entered here, and is kept sealed."
    >
      <Tabs
        value={isAdmin ? (tab ?? 'connections') : 'filters'}
        onChange={(value) => void navigate({ search: { tab: value ?? undefined } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {isAdmin && <Tabs.Tab value="connections">Connections</Tabs.Tab>}
          <Tabs.Tab value="filters">What is kept</Tabs.Tab>
          {isAdmin && <Tabs.Tab value="keys">API keys</Tabs.Tab>}
          {isAdmin && <Tabs.Tab value="all">All settings</Tabs.Tab>}
        </Tabs.List>
        {isAdmin && (
          <Tabs.Panel value="connections">
            <Connections />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="filters">
          <FilterSettings />
        </Tabs.Panel>
        {isAdmin && (
          <Tabs.Panel value="keys">
            <Keys />
          </Tabs.Panel>
        )}
        {isAdmin && (
          <Tabs.Panel value="all">
            <SettingsTable />
          </Tabs.Panel>
        )}
      </Tabs>
    </Page>
  );
}
