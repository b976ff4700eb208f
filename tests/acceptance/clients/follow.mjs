// Follows one subscription with an official client: `follow.mjs ws|sse URL TOKEN OPERATION RETRIES`; prints a line for
// each result. A connection that is lost is made anew, up to RETRIES times.
import { createClient as createEventClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [how, url, token, operation, retries] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const retryAttempts = Number(retries);
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const clients = {
  ws: () =>
    createClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      shouldRetry: () => retryAttempts > 0,
      retryAttempts,
      retryWait: pause,
    }),
  sse: () => createEventClient({ url, headers: { authorization }, retryAttempts, retry: pause }),
};

const client = clients[how]();
try {
  for await (const result of client.iterate(JSON.parse(operation))) print(result);
  print({ completed: true });
} catch (error) {
  print({ closed: error.code ?? null, errors: Array.isArray(error) ? error : undefined, message: String(error.message) });
} finally {
  client.dispose();
}
