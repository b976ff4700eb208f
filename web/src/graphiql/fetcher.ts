/** Sends GraphiQL's operations to the server: subscriptions over WebSocket, all others by POST. */
import type { Fetcher, FetcherParams, Observable } from '@graphiql/toolkit';
import { type ExecutionResult, getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';

type Headers = Readonly<Record<string, string>>;

/** A fetcher for the GraphQL server at `endpoint`, which speaks HTTP and `graphql-transport-ws` at that one address. */
export function createFetcher(endpoint: URL): Fetcher {
  return (params, options) => {
    const headers: Headers = options?.headers ?? {};
    return isSubscription(params) ? subscribe(endpoint, params, headers) : post(endpoint, params, headers);
  };
}

/** Read from the text that is sent: the parsed document that GraphiQL offers may lag behind the typing. */
function isSubscription({ query, operationName }: FetcherParams): boolean {
  try {
    return getOperationAST(parse(query, { noLocation: true }), operationName)?.operation === 'subscription';
  } catch {
    // No GraphQL: the server says what is wrong with it.
    return false;
  }
}

async function post(endpoint: URL, params: FetcherParams, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      ...headers,
    },
    body: JSON.stringify(params),
  });
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    // Not from the GraphQL endpoint: a proxy, a body that is too large.
    throw new Error(`${response.status} ${response.statusText} ${body}`.trim());
  }
}

/** One socket a subscription, so that the headers that are in the editor now are the ones that count. */
function subscribe(endpoint: URL, params: FetcherParams, headers: Headers): Observable<ExecutionResult> {
  const client = createClient({
    url: socketAddress(endpoint),
    connectionParams: lowerCased(headers),
    // Whoever looks at the response pane should see that the connection ended, and why.
    retryAttempts: 0,
  });
  return {
    subscribe(observer: Observer) {
      const unsubscribe = client.subscribe(params, {
        next: (result) => observer.next(result as ExecutionResult),
        error: (error) => fail(observer, error),
        complete: () => observer.complete(),
      });
      return { unsubscribe };
    },
  } as Observable<ExecutionResult>;
}

interface Observer {
  next(result: ExecutionResult): void;
  error(error: unknown): void;
  complete(): void;
}

/** Errors that the server sent are shown as it sent them; a lost connection is told in words. */
function fail(observer: Observer, error: unknown): void {
  if (Array.isArray(error)) {
    observer.next({ errors: error });
    observer.complete();
  } else if (error instanceof CloseEvent) {
    observer.error({ message: `The server closed the connection: ${error.code} ${error.reason}`.trim() });
  } else {
    observer.error(error);
  }
}

function socketAddress(endpoint: URL): string {
  const address = new URL(endpoint);
  address.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/** Header names are case-insensitive, the keys of `connection_init` are not. */
function lowerCased(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
