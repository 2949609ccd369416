-- Turns as they happened, for replay. One partition a day, made ahead and dropped by the maintenance task.
-- `events` stays verbatim text.

CREATE TABLE IF NOT EXISTS aurora_traces (
  stream     text NOT NULL,
  opened_at  timestamptz NOT NULL,
  request_id text NOT NULL,
  trace_id   text NOT NULL,
  brief_id   text,
  kind       text NOT NULL,
  epoch      bigint NOT NULL,
  elapsed_ms integer NOT NULL,
  outcome    text NOT NULL,
  status     integer NOT NULL,
  events     json NOT NULL,
  PRIMARY KEY (stream, opened_at, request_id)
) PARTITION BY RANGE (opened_at);

-- Keeps traces, except those of an identity erased since they began. The head rows are locked against an
-- erasure that runs at the same time (a stream without one gets it first, or there would be nothing to lock).
-- Arrays are parallel and sorted by stream. Answers how many rows were kept.
CREATE OR REPLACE FUNCTION aurora_trace(
  p_stream text[], p_opened_ms bigint[], p_request text[], p_trace text[], p_brief text[], p_kind text[],
  p_epoch bigint[], p_elapsed integer[], p_outcome text[], p_status integer[], p_events text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  INSERT INTO aurora_streams (stream) SELECT DISTINCT s FROM unnest(p_stream) AS s ORDER BY s
    ON CONFLICT (stream) DO NOTHING;
  PERFORM 1 FROM aurora_streams WHERE stream = ANY (p_stream) ORDER BY stream FOR SHARE;
  INSERT INTO aurora_traces
      (stream, opened_at, request_id, trace_id, brief_id, kind, epoch, elapsed_ms, outcome, status, events)
    SELECT t.s, to_timestamp(t.o / 1000.0), t.r, t.t, t.b, t.k, t.e, t.l, t.c, t.h, t.v::json
    FROM unnest(p_stream, p_opened_ms, p_request, p_trace, p_brief, p_kind,
                p_epoch, p_elapsed, p_outcome, p_status, p_events) AS t (s, o, r, t, b, k, e, l, c, h, v)
    WHERE t.e = (SELECT epoch FROM aurora_streams WHERE stream = t.s)
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END
$$;
