// Asks with Apollo's link for persisted queries: `persist.mjs OPERATION URL…`, once at each address by a client of its own;
// prints a line for each request that is made, and one for each answer.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const [operation, ...urls] = process.argv.slice(2);
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

async function noting(url, options) {
  const response = await fetch(url, options);
  const sent = options.method === "GET" ? new URL(url).searchParams.has("query") : "query" in JSON.parse(options.body);
  print({ method: options.method, text: sent, status: response.status });
  return response;
}

const { query, variables } = JSON.parse(operation);
for (const uri of urls) {
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    new HttpLink({ uri, fetch: noting }),
  ]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const { data, error } = await client.query({ query: gql(query), variables, errorPolicy: "all" });
  print({ data, error: error?.message });
}
