// Follows one subscription with an official client: `follow.mjs ws|sse URL TOKEN OPERATION`; prints a line for each result.
import { createClient as createEventClient } from "graphql-sse";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [how, url, token, operation] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const clients = {
  ws: () =>
    createClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      shouldRetry: () => false,
    }),
  sse: () => createEventClient({ url, headers: { authorization }, retryAttempts: 0 }),
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
