// Runs every audit of graphql-http against the server at argv[2] and prints the results as one JSON array.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const told = results.map(({ id, name, status, ...rest }) => ({ id, name, status, reason: rest.reason ?? null }));
console.log(JSON.stringify(told));
