// The root component: the view that the state asks for, and the keyboard. Keeps no state of its own.
import { Box, type Key } from 'ink';
import { type Appearance, AppearanceProvider } from './components/appearance.ts';
import { EventView, OutputView } from './components/list-view.tsx';
import { MainView } from './components/main-view.tsx';
import { Page } from './components/page.tsx';
import { PageView } from './components/page-view.tsx';
import { Palette } from './components/palette.tsx';
import { Panel } from './components/panel.tsx';
import { Shutdown } from './components/shutdown.tsx';
import { useKeys } from './ink-keys.ts';
import { frameHeight } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { isPage } from './model/page-name.ts';
import { isPanel, type UiState } from './model/state.ts';

export type ViewProps = { state: UiState; log: LogView; nowMs: number };
export type AppProps = ViewProps & { appearance: Appearance; onInput: (input: string, key: Key) => void };

export function App({ appearance, onInput, ...shown }: AppProps) {
  useKeys(onInput);
  return (
    <AppearanceProvider value={appearance}>
      <Box flexDirection="column" width={shown.state.size.columns} height={frameHeight(shown.state)}>
        <View {...shown} />
      </Box>
    </AppearanceProvider>
  );
}

function View({ state, log, nowMs }: ViewProps) {
  const { shutdown, overlay, view } = state;
  const page = { state, nowMs };
  if (shutdown !== null) {
    return (
      <Page {...page}>
        <Shutdown state={state} shutdown={shutdown} nowMs={nowMs} />
      </Page>
    );
  }
  if (isPanel(overlay)) {
    return (
      <Page {...page}>
        <Panel state={state} panel={overlay} />
      </Page>
    );
  }
  if (overlay?.kind === 'palette') {
    return (
      <Page {...page}>
        <Palette state={state} palette={overlay} />
      </Page>
    );
  }
  if (view === 'main') return <MainView state={state} log={log} nowMs={nowMs} />;
  return (
    <Page {...page}>
      {view === 'logs' && <OutputView state={state} log={log} />}
      {view === 'events' && <EventView state={state} />}
      {isPage(view) && <PageView state={state} page={view} nowMs={nowMs} />}
    </Page>
  );
}
