// First: it tells Monaco where its workers are, and they are bundled into our own origin.
import 'graphiql/setup-workers/vite';
import { GraphiQL } from 'graphiql';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import { createFetcher } from './fetcher.js';
import { readyTabs } from './operations.js';

const DEFAULT_HEADERS = JSON.stringify({ Authorization: 'Bearer ' }, null, 2);

const fetcher = createFetcher(window.location);

const tabs = readyTabs(new Date(), window.location.origin).map(({ query, variables }) => ({
  query,
  variables: variables ? JSON.stringify(variables, null, 2) : '',
  headers: DEFAULT_HEADERS,
}));

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root"');

createRoot(root).render(
  <StrictMode>
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={tabs}
      defaultHeaders={DEFAULT_HEADERS}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders
    >
      <GraphiQL.Logo>Boxoffice</GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
);
