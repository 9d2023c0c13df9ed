"use strict";
// The editors show what the address says, or a first query to try.
const address = new URLSearchParams(window.location.search);
const place = `${window.location.host}${window.location.pathname}`;
const secure = window.location.protocol === "https:";
const WELCOME = `# The latest summaries. Ctrl-Enter runs the query, Ctrl-Space completes it.
# Signed in: put {"Authorization": "Bearer TOKEN"} below, under Headers.
query Latest {
  feed(first: 5) {
    nodes {
      paper { title year }
      author { ... on User { displayName } }
      excerpt(length: 120)
      score { net }
    }
  }
}
`;
// Subscriptions go over a WebSocket of their own, with what is under Headers as the payload of connection_init.
// Without another try: one that has ended says why, where a new one would begin later without a word.
function fetcher(asked, options) {
  const wsClient = graphqlWs.createClient({
    url: `${secure ? "wss" : "ws"}://${place}`,
    connectionParams: options?.headers,
    retryAttempts: 0,
  });
  return GraphiQL.createFetcher({ url: window.location.pathname, wsClient })(asked, options);
}
const page = React.createElement(GraphiQL, {
  fetcher,
  query: address.get("query") || undefined,
  variables: address.get("variables") || undefined,
  defaultQuery: WELCOME,
  defaultEditorToolsVisibility: true,
  shouldPersistHeaders: false,
});
ReactDOM.render(page, document.getElementById("graphiql"));
