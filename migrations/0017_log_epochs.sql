-- The log's history of restores. An epoch begins when the database may have lost the end of its log: when it
-- was restored from a backup, or a standby took over. Positions up to `base` belong to earlier epochs.
--
-- `epoch` is the time of its beginning in seconds since 1970, and 0 for the first: a number that is never
-- given twice, even when a later restore forgets that this epoch ever was.
-- `place` is the PostgreSQL cluster and its timeline: another one is another history.
CREATE FUNCTION log_place() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()
$$;
CREATE TABLE log_epochs (
  epoch bigint PRIMARY KEY,
  base bigint NOT NULL,
  place text NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO log_epochs (epoch, base, place) VALUES (0, 0, log_place());
GRANT SELECT ON log_epochs TO shortscience_service;
