"use strict";
// The editors show what the address says, or a first query to try.
const address = new URLSearchParams(window.location.search);
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
const page = React.createElement(GraphiQL, {
  fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
  query: address.get("query") || undefined,
  variables: address.get("variables") || undefined,
  defaultQuery: WELCOME,
  defaultEditorToolsVisibility: true,
  shouldPersistHeaders: false,
});
ReactDOM.render(page, document.getElementById("graphiql"));
