/** What GraphiQL keeps in the browser: headers hold tokens, so they stay out of it unless the reader chose otherwise. */
import { type Storage, StorageAPI } from '@graphiql/toolkit';

const CHOICE = 'graphiql:shouldPersistHeaders';
const HISTORIES = ['graphiql:queries', 'graphiql:favorites'];

/** Whether the reader switched on "Persist headers" in the settings dialog. */
export function keepsHeaders(storage: Storage): boolean {
  return storage.getItem(CHOICE) === 'true';
}

/** The browser's storage for GraphiQL, which by itself heeds the choice for the open tabs only, not for the history. */
export function createStorage(browser: Storage = localStorageOfGraphiQL()): Storage {
  const forgetHeaders = () => {
    for (const key of HISTORIES) {
      const history = browser.getItem(key);
      if (history) browser.setItem(key, withoutHeaders(history));
    }
  };
  return {
    getItem: (key) => browser.getItem(key),
    setItem(key, value) {
      browser.setItem(key, HISTORIES.includes(key) && !keepsHeaders(browser) ? withoutHeaders(value) : value);
      if (key === CHOICE && !keepsHeaders(browser)) forgetHeaders();
    },
    removeItem: (key) => browser.removeItem(key),
    clear: () => browser.clear(),
    get length() {
      return browser.length;
    },
  };
}

function localStorageOfGraphiQL(): Storage {
  return new StorageAPI().storage as Storage;
}

/** `history` is what GraphiQL stores: `{"queries": [{"query", "variables", "headers", …}]}`, favorites likewise. */
function withoutHeaders(history: string): string {
  return JSON.stringify(JSON.parse(history), (name, value) => (name === 'headers' ? undefined : value));
}
