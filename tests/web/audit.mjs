// The GraphQL over HTTP audit of the package graphql-http, found through NODE_PATH.
// Use: NODE_PATH=…/node_modules node audit.mjs http://127.0.0.1:8000/graphql
// Prints one JSON array; each entry has id, name, status ("ok", "warn", "error") and reason.
import { createRequire } from "node:module";

const { auditServer } = createRequire(import.meta.url)("graphql-http");
const results = await auditServer({
  url: process.argv[2],
  // Queries by GET need this header: pages of other sites cannot send it unasked.
  fetchFn: (url, init = {}) =>
    fetch(url, { ...init, headers: { ...init.headers, "graphql-require-preflight": "1" } }),
});
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
