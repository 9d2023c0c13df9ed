"""HTTP: GraphQL, pages for people, and the probes of whoever runs the service."""
