"""What the log, the projections and the renderer can do, measured: `make bench`, or `python -m bench`.

Everything runs on one embedded PostgreSQL of its own, made for the run with durable settings (fsync and
synchronous_commit on) and thrown away after it. Appends are measured in turns with those of the
eventsourcing library's own PostgreSQL recorder, in the same process and on the same server. Each
measurement is repeated; the table shows the best and the median run, because other work on the machine
only ever makes a run slower. Nothing here passes or fails: read the table.

- `--quick` is a smoke run of a few seconds; its numbers mean little.
- `--write` puts the table into `bench/results.md`.
- `--only PART` measures one part: appends, reading, projecting, rendering, requests, differences, blame,
  sealing or exporting.
"""
