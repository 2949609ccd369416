-- The event log. A stream is an identity; (stream, version) is the only strict order. Nothing here
-- spans streams: no foreign key, no NOTIFY, no table lock, so the schema can be sharded by stream.

-- One head row per stream: the lock, the version counter, and after an erasure the tombstone.
-- `prev` is the version before the last append; it only serves the guard in aurora_append.
CREATE TABLE IF NOT EXISTS aurora_streams (
  stream    text PRIMARY KEY,
  prev      bigint NOT NULL DEFAULT 0,
  version   bigint NOT NULL DEFAULT 0,
  epoch     bigint NOT NULL DEFAULT 0,
  erased_at timestamptz
) WITH (fillfactor = 70);

-- `data` and `meta` are json, not jsonb: kept as written, which replay needs.
CREATE TABLE IF NOT EXISTS aurora_events (
  stream         text NOT NULL,
  version        bigint NOT NULL,
  event_id       uuid NOT NULL,
  type           text NOT NULL,
  schema_version integer NOT NULL,
  data           json NOT NULL,
  meta           json NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT now(),
  xid            xid8 NOT NULL DEFAULT pg_current_xact_id(),
  position       bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (stream, version),
  CONSTRAINT aurora_events_once UNIQUE (stream, event_id)
);
CREATE INDEX IF NOT EXISTS aurora_events_feed ON aurora_events (xid, position);
-- Finds the conversation events that have had their day.
CREATE INDEX IF NOT EXISTS aurora_events_conversations ON aurora_events (recorded_at)
  WHERE type = 'ConversationMoved';

-- Appends one group: events, heads and projected rows, all or nothing, in one statement.
-- Arrays of a kind are parallel and sorted by stream (so that two workers cannot deadlock). The guard:
-- every head must still stand at `expected`, else nothing is written and AU001 is raised. Rows come as
-- a JSON array of whole rows, named by column; NULL where a group has none of a kind.
CREATE OR REPLACE FUNCTION aurora_append(
  p_heads text[], p_expected bigint[], p_reached bigint[],
  p_stream text[], p_version bigint[], p_id uuid[], p_type text[], p_schema integer[], p_data text[], p_meta text[],
  p_profiles text, p_logs text, p_artifacts text, p_plans text, p_runs text, p_conversations text,
  p_swept text[], p_before timestamptz[], p_sweeping bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  INSERT INTO aurora_streams AS h (stream, prev, version)
    SELECT * FROM unnest(p_heads, p_expected, p_reached)
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, prev = excluded.prev
    WHERE h.version = excluded.prev;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n <> cardinality(p_heads) THEN
    RAISE EXCEPTION 'stale head' USING ERRCODE = 'AU001';
  END IF;

  INSERT INTO aurora_events (stream, version, event_id, type, schema_version, data, meta)
    SELECT e.s, e.v, e.i, e.t, e.sv, e.d::json, e.m::json
    FROM unnest(p_stream, p_version, p_id, p_type, p_schema, p_data, p_meta) AS e (s, v, i, t, sv, d, m);

  IF p_logs IS NOT NULL THEN
    INSERT INTO aurora_skin_logs
      SELECT * FROM json_populate_recordset(NULL::aurora_skin_logs, p_logs::json)
      ON CONFLICT (stream, log_date) DO UPDATE SET
        id = excluded.id, aurora_uid = excluded.aurora_uid, user_id = excluded.user_id,
        redness = excluded.redness, acne = excluded.acne, hydration = excluded.hydration,
        notes = excluded.notes, target_product = excluded.target_product, sensation = excluded.sensation,
        version = excluded.version, created_at = excluded.created_at, updated_at = excluded.updated_at;
  END IF;
  IF p_profiles IS NOT NULL THEN
    INSERT INTO aurora_user_profiles
      SELECT * FROM json_populate_recordset(NULL::aurora_user_profiles, p_profiles::json)
      ON CONFLICT (stream) DO UPDATE SET
        aurora_uid = excluded.aurora_uid, user_id = excluded.user_id, skin_type = excluded.skin_type,
        sensitivity = excluded.sensitivity, barrier_status = excluded.barrier_status, goals = excluded.goals,
        region = excluded.region, budget_tier = excluded.budget_tier, current_routine = excluded.current_routine,
        itinerary = excluded.itinerary, contraindications = excluded.contraindications,
        lang_pref = excluded.lang_pref, age_band = excluded.age_band,
        pregnancy_status = excluded.pregnancy_status, lactation_status = excluded.lactation_status,
        high_risk_medications = excluded.high_risk_medications, travel_plan = excluded.travel_plan,
        last_analysis = excluded.last_analysis, last_analysis_at = excluded.last_analysis_at,
        last_analysis_lang = excluded.last_analysis_lang, version = excluded.version,
        created_at = excluded.created_at, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at;
  END IF;
  IF p_artifacts IS NOT NULL THEN
    INSERT INTO aurora_skin_diagnosis_artifacts
      SELECT * FROM json_populate_recordset(NULL::aurora_skin_diagnosis_artifacts, p_artifacts::json)
      ON CONFLICT (stream, artifact_id) DO UPDATE SET
        aurora_uid = excluded.aurora_uid, user_id = excluded.user_id, session_id = excluded.session_id,
        artifact_json = excluded.artifact_json, confidence_score = excluded.confidence_score,
        confidence_level = excluded.confidence_level, source_mix = excluded.source_mix,
        version = excluded.version, created_at = excluded.created_at;
  END IF;
  IF p_plans IS NOT NULL THEN
    INSERT INTO aurora_ingredient_plans
      SELECT * FROM json_populate_recordset(NULL::aurora_ingredient_plans, p_plans::json)
      ON CONFLICT (stream, plan_id) DO UPDATE SET
        artifact_id = excluded.artifact_id, aurora_uid = excluded.aurora_uid, user_id = excluded.user_id,
        plan_json = excluded.plan_json, intensity = excluded.intensity,
        version = excluded.version, created_at = excluded.created_at;
  END IF;
  IF p_runs IS NOT NULL THEN
    INSERT INTO aurora_reco_runs
      SELECT * FROM json_populate_recordset(NULL::aurora_reco_runs, p_runs::json)
      ON CONFLICT (stream, reco_run_id) DO UPDATE SET
        artifact_id = excluded.artifact_id, plan_id = excluded.plan_id, aurora_uid = excluded.aurora_uid,
        user_id = excluded.user_id, request_context_json = excluded.request_context_json,
        reco_json = excluded.reco_json, overall_confidence = excluded.overall_confidence,
        version = excluded.version, created_at = excluded.created_at;
  END IF;
  IF p_conversations IS NOT NULL THEN
    INSERT INTO aurora_conversations
      SELECT * FROM json_populate_recordset(NULL::aurora_conversations, p_conversations::json)
      ON CONFLICT (stream, brief_id) DO UPDATE SET
        state = excluded.state, version = excluded.version, updated_at = excluded.updated_at;
  END IF;
  -- A sweep takes what was made before it, never what the same group made after it.
  IF p_swept IS NOT NULL THEN
    DELETE FROM aurora_skin_diagnosis_artifacts a USING unnest(p_swept, p_before, p_sweeping) AS x (stream, before, version)
      WHERE a.stream = x.stream AND a.created_at < x.before AND a.version < x.version;
    DELETE FROM aurora_ingredient_plans a USING unnest(p_swept, p_before, p_sweeping) AS x (stream, before, version)
      WHERE a.stream = x.stream AND a.created_at < x.before AND a.version < x.version;
    DELETE FROM aurora_reco_runs a USING unnest(p_swept, p_before, p_sweeping) AS x (stream, before, version)
      WHERE a.stream = x.stream AND a.created_at < x.before AND a.version < x.version;
  END IF;
END
$$;

-- Really erases: every row of the stream goes, the head stays as a tombstone. Taking the head row first
-- makes an append of another worker either earlier (then its rows are deleted here) or refused (AU001).
CREATE OR REPLACE FUNCTION aurora_erase(p_stream text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO aurora_streams AS h (stream, prev, version, epoch, erased_at) VALUES (p_stream, 0, 1, 1, now())
    ON CONFLICT (stream) DO UPDATE SET
      prev = h.version, version = h.version + 1, epoch = h.epoch + 1, erased_at = now();
  DELETE FROM aurora_events WHERE stream = p_stream;
  DELETE FROM aurora_traces WHERE stream = p_stream;
  DELETE FROM aurora_user_profiles WHERE stream = p_stream;
  DELETE FROM aurora_skin_logs WHERE stream = p_stream;
  DELETE FROM aurora_skin_diagnosis_artifacts WHERE stream = p_stream;
  DELETE FROM aurora_ingredient_plans WHERE stream = p_stream;
  DELETE FROM aurora_reco_runs WHERE stream = p_stream;
  DELETE FROM aurora_conversations WHERE stream = p_stream;
END
$$;
