-- Appends a batch of commands, each all or nothing, in one transaction.
--
-- The lock on log_head is held until the commit: commit order is position order, so a reader at P has
-- seen 1..P. Each family of arrays is parallel: p_ commands, e_ events in order, c_ claims, y_ payloads,
-- x_ payloads to erase. *_command is the 1-based index of a command, y_event and p_last of an event
-- (p_last: the command's last one, 0 if it has none). Within a batch no two commands share a command
-- id, a stream or a claim: the writer sees to it, and a unique key refuses the whole batch if not.
--
-- Verdicts: recorded; known (with its first outcome); reused (a known id, another request); stale (the
-- stream `detail` is at version `current`); taken (the claim `detail` is held by `holder`).
-- The SET clauses pin the plan: one cached while the tables were empty would scan them.
CREATE FUNCTION append_batch(
  p_command uuid[], p_hash bytea[], p_subject uuid[], p_last int[],
  e_command int[], e_stream uuid[], e_category text[], e_version int[], e_type text[],
  e_schema smallint[], e_occurred timestamptz[], e_actor uuid[], e_data bytea[],
  c_command int[], c_key text[], c_owner uuid[], c_take boolean[],
  y_event int[], y_id uuid[], y_salt bytea[], y_content bytea[],
  x_command int[], x_id uuid[]
) RETURNS TABLE (
  verdict text, at_position bigint, at_time timestamptz, about uuid, detail text, current int, holder uuid
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  n int := cardinality(p_command);
  r record;
  v_head bigint;
  v_now timestamptz;
  v_verdict text[] := array_fill('recorded'::text, ARRAY[n]);
  v_at bigint[];
  v_when timestamptz[];
  v_about uuid[] := p_subject;
  v_detail text[] := array_fill(NULL::text, ARRAY[n]);
  v_current int[] := array_fill(NULL::int, ARRAY[n]);
  v_holder uuid[] := array_fill(NULL::uuid, ARRAY[n]);
  v_go boolean[];      -- per command: is it recorded?
  v_position bigint[]; -- per event: the head once it is in
BEGIN
  SELECT position, greatest(clock_timestamp(), recorded_at) INTO v_head, v_now FROM log_head FOR UPDATE;
  v_at := array_fill(v_head, ARRAY[n]);
  v_when := array_fill(v_now, ARRAY[n]);

  FOR r IN SELECT p.i, p.hash = k.request_hash AS same, k.position, k.recorded_at, k.subject
             FROM unnest(p_command, p_hash) WITH ORDINALITY AS p(id, hash, i)
             JOIN commands k ON k.command_id = p.id LOOP
    v_verdict[r.i] := CASE WHEN r.same THEN 'known' ELSE 'reused' END;
    v_at[r.i] := r.position;
    v_when[r.i] := r.recorded_at;
    v_about[r.i] := r.subject;
  END LOOP;

  FOR r IN SELECT e.command AS i, e.stream, coalesce(max(s.version), 0) AS version
             FROM unnest(e_command, e_stream, e_version) AS e(command, stream, version)
             LEFT JOIN streams s ON s.stream_id = e.stream
            GROUP BY e.command, e.stream
           HAVING min(e.version) <> coalesce(max(s.version), 0) + 1
               OR max(e.version) - min(e.version) + 1 <> count(*) LOOP
    CONTINUE WHEN v_verdict[r.i] <> 'recorded';
    v_verdict[r.i] := 'stale';
    v_detail[r.i] := r.stream;
    v_current[r.i] := r.version;
  END LOOP;

  FOR r IN SELECT c.command AS i, c.key, k.owner
             FROM unnest(c_command, c_key, c_owner, c_take) AS c(command, key, owner, take)
             LEFT JOIN claims k ON k.key = c.key
            WHERE CASE WHEN c.take THEN k.key IS NOT NULL ELSE k.owner IS DISTINCT FROM c.owner END LOOP
    CONTINUE WHEN v_verdict[r.i] <> 'recorded';
    v_verdict[r.i] := 'taken';
    v_detail[r.i] := r.key;
    v_holder[r.i] := r.owner;
  END LOOP;

  v_go := ARRAY(SELECT u.verdict = 'recorded' FROM unnest(v_verdict) WITH ORDINALITY AS u(verdict, i) ORDER BY u.i);
  v_position := ARRAY(
    SELECT v_head + count(*) FILTER (WHERE v_go[e.command]) OVER (ORDER BY e.i)
      FROM unnest(e_command) WITH ORDINALITY AS e(command, i) ORDER BY e.i);

  INSERT INTO events (position, stream_id, version, type, schema_version, recorded_at, occurred_at, actor,
                      correlation_id, data)
    SELECT v_position[e.i], e.stream, e.version, e.type, e.schema, v_now, e.occurred, e.actor,
           p_command[e.command], e.data
      FROM unnest(e_command, e_stream, e_version, e_type, e_schema, e_occurred, e_actor, e_data)
           WITH ORDINALITY AS e(command, stream, version, type, schema, occurred, actor, data, i)
     WHERE v_go[e.command];

  INSERT INTO streams AS s (stream_id, category, version)
    SELECT e.stream, min(e.category), max(e.version)
      FROM unnest(e_command, e_stream, e_category, e_version) AS e(command, stream, category, version)
     WHERE v_go[e.command] GROUP BY e.stream
    ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version;

  IF cardinality(y_id) > 0 THEN
    INSERT INTO payloads (payload_id, position, salt, content)
      SELECT y.id, v_position[y.event], y.salt, y.content
        FROM unnest(y_event, y_id, y_salt, y_content) AS y(event, id, salt, content)
       WHERE v_go[e_command[y.event]];
  END IF;

  IF cardinality(c_key) > 0 THEN
    DELETE FROM claims k USING unnest(c_command, c_key, c_take) AS c(command, key, take)
     WHERE k.key = c.key AND NOT c.take AND v_go[c.command];
    INSERT INTO claims (key, owner)
      SELECT c.key, c.owner FROM unnest(c_command, c_key, c_owner, c_take) AS c(command, key, owner, take)
       WHERE c.take AND v_go[c.command];
  END IF;

  IF cardinality(x_id) > 0 THEN
    IF EXISTS (SELECT FROM unnest(x_command) AS x(command) WHERE NOT EXISTS (
                 SELECT FROM unnest(e_command, e_type) AS e(command, type)
                  WHERE e.command = x.command AND e.type = 'PayloadsErased')) THEN
      RAISE EXCEPTION 'erasing is an event: append PayloadsErased with it';
    END IF;
    UPDATE payloads p SET salt = NULL, content = NULL
      FROM unnest(x_command, x_id) AS x(command, id) WHERE p.payload_id = x.id AND v_go[x.command];
  END IF;

  INSERT INTO commands (command_id, request_hash, subject, position, recorded_at)
    SELECT p.id, p.hash, p.subject, CASE WHEN p.last = 0 THEN v_head ELSE v_position[p.last] END, v_now
      FROM unnest(p_command, p_hash, p_subject, p_last) WITH ORDINALITY AS p(id, hash, subject, last, i)
     WHERE v_go[p.i];

  IF cardinality(e_command) > 0 AND v_position[cardinality(e_command)] > v_head THEN
    UPDATE log_head SET position = v_position[cardinality(e_command)], recorded_at = v_now;
  END IF;

  RETURN QUERY
    SELECT v_verdict[i], CASE WHEN v_go[i] AND p_last[i] > 0 THEN v_position[p_last[i]] ELSE v_at[i] END,
           v_when[i], v_about[i], v_detail[i], v_current[i], v_holder[i]
      FROM generate_series(1, n) AS i ORDER BY i;
END $$;
REVOKE EXECUTE ON FUNCTION append_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_batch TO shortscience_service;
