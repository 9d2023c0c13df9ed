// The npm clients graphql-ws and graphql-sse, found through NODE_PATH, follow new summaries.
// Use: NODE_PATH=…/node_modules node clients.mjs ws|sse http://127.0.0.1:8000/graphql POSITION COUNT [TOKEN]
// Prints a line of JSON for each of COUNT messages, then what a query gives, then what a bad one gives.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [kind, url, after, count, token] = process.argv.slice(2);
const authorization = token ? { Authorization: `Bearer ${token}` } : {};

function client() {
  if (kind === "ws") {
    return require("graphql-ws").createClient({
      url: url.replace("http", "ws"),
      webSocketImpl: globalThis.WebSocket ?? require("ws").WebSocket,
      connectionParams: authorization,
      keepAlive: 100, // pings of the protocol itself
    });
  }
  return require("graphql-sse").createClient({ url, headers: authorization });
}

const connected = client();
const query = `subscription ($after: Position) {
  summaryPublished(after: $after) { position summary { id body } }
}`;
let seen = 0;
const following = connected.iterate({ query, variables: { after: after || null } });
for await (const message of following) {
  console.log(JSON.stringify(message));
  if (++seen === Number(count)) break; // completes the subscription
}
for await (const message of connected.iterate({ query: "{ viewer { username } }" })) {
  console.log(JSON.stringify(message));
}
try {
  for await (const message of connected.iterate({ query: "{ nothing }" })) {
    console.log(JSON.stringify(message)); // over events, errors are a message
  }
} catch (errors) {
  console.log(JSON.stringify({ errors })); // over WebSockets they are thrown
}
await connected.dispose();
