/** The page at `/graphql`: GraphiQL on the server that it came from. */
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './style.css';

import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { FollowSystemColors } from './colors';
import { createFetcher } from './fetcher';
import { settingsOf } from './settings';
import { createStorage, keepsHeaders } from './storage';
import { provideWorkers } from './workers';

provideWorkers();

const endpoint = new URL(window.location.pathname, window.location.origin);
const container = document.getElementById('graphiql') as HTMLElement;

const storage = createStorage();

createRoot(container).render(
  <GraphiQL
    fetcher={createFetcher(endpoint)}
    defaultQuery={settingsOf(document).defaultQuery}
    storage={storage}
    // GraphiQL stores this choice of the settings dialog, and heeds it on the next visit only if it is told here.
    shouldPersistHeaders={keepsHeaders(storage)}
    showPersistHeadersSettings
  >
    <GraphiQL.Logo>
      <span className="product">Catalograph</span>
    </GraphiQL.Logo>
    <FollowSystemColors />
  </GraphiQL>,
);
