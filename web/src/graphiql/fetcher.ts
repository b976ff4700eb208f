/** Sends GraphiQL's operations to the server: subscriptions over WebSocket, all others by POST. */
import type { Fetcher, FetcherParams, Observable } from '@graphiql/toolkit';
import { type ExecutionResult, GraphQLError, getOperationAST, parse } from 'graphql';
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
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...headers,
      },
      body: JSON.stringify(params),
    });
  } catch (error) {
    return failure(`No answer from the server: ${(error as Error).message}`);
  }
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    // Not from the GraphQL endpoint, but from a proxy before it.
    return failure(`The server answered ${response.status} ${response.statusText}: ${body}`);
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
        error(error) {
          observer.next(Array.isArray(error) ? { errors: error } : failure(reasonOf(error)));
          observer.complete();
        },
        complete: () => observer.complete(),
      });
      return { unsubscribe };
    },
  } as Observable<ExecutionResult>;
}

interface Observer {
  next(result: ExecutionResult): void;
  complete(): void;
}

function reasonOf(error: unknown): string {
  if (error instanceof CloseEvent) return `The server closed the connection: ${error.code} ${error.reason}`.trim();
  return error instanceof Error ? error.message : `The connection failed: ${error}`;
}

/** What kept the server from answering in GraphQL, in the shape of an answer: GraphiQL shows thrown errors with a stack. */
function failure(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] };
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
