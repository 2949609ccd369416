-- What is known of products (contract D 7), and what employees said of recommendations (contract D 3.8).
--
-- Knowledge belongs to no person: no stream, no UID, no event. A row is an upsert, the newest verified answer
-- wins, and erasing a person does not touch it, since nothing of her stands in it. JSON is kept as it was
-- said (json, not jsonb): nothing is looked for inside of it.

CREATE TABLE IF NOT EXISTS aurora_product_intel_kb (
  kb_key          text PRIMARY KEY,
  analysis        json NOT NULL,
  verified        boolean NOT NULL DEFAULT false,
  source          text NOT NULL,
  last_success_at timestamptz,           -- of the newest verified answer
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL
);
-- Of too many rows the oldest unverified go first, then the oldest.
CREATE INDEX IF NOT EXISTS aurora_product_intel_kb_age ON aurora_product_intel_kb (verified, updated_at);

CREATE TABLE IF NOT EXISTS aurora_dupe_kb (
  kb_key      text PRIMARY KEY,
  original    json,
  dupes       json NOT NULL DEFAULT '[]',
  comparables json NOT NULL DEFAULT '[]',
  source_meta json NOT NULL DEFAULT '{}', -- every other fact of the row
  verified    boolean NOT NULL DEFAULT false,
  verified_at timestamptz,
  source      text NOT NULL,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS aurora_dupe_kb_age ON aurora_dupe_kb (verified, updated_at);

-- Projections of RecommendationJudged and RecommendationClicked. They carry a stream as every projection
-- does, so that erasing a person takes what she said along.
CREATE TABLE IF NOT EXISTS reco_employee_feedback_events (
  stream                 text NOT NULL,
  id                     text NOT NULL,
  version                bigint NOT NULL,
  anchor_product_id      text NOT NULL,
  block                  text NOT NULL,
  candidate_product_id   text,
  candidate_name         text,
  feedback_type          text NOT NULL,
  wrong_block_target     text,
  reason_tags            jsonb NOT NULL DEFAULT '[]',
  was_exploration_slot   boolean NOT NULL DEFAULT false,
  rank_position          integer NOT NULL DEFAULT 1,
  pipeline_version       text,
  models                 jsonb,
  request_id             text,
  session_id             text,
  suggestion_id          text,
  llm_suggested_label    text,
  llm_confidence         double precision,
  timestamp_ms           bigint NOT NULL,
  received_at            timestamptz NOT NULL,
  created_at             timestamptz NOT NULL,
  PRIMARY KEY (stream, id)
);
CREATE INDEX IF NOT EXISTS reco_employee_feedback_of_anchor
  ON reco_employee_feedback_events (anchor_product_id, block);
CREATE INDEX IF NOT EXISTS reco_employee_feedback_newest ON reco_employee_feedback_events (timestamp_ms DESC);

CREATE TABLE IF NOT EXISTS reco_interleave_click_events (
  stream               text NOT NULL,
  id                   text NOT NULL,
  version              bigint NOT NULL,
  anchor_product_id    text NOT NULL,
  block                text NOT NULL,
  candidate_product_id text,
  candidate_name       text,
  attribution          text NOT NULL,
  was_exploration_slot boolean NOT NULL DEFAULT false,
  rank_position        integer NOT NULL DEFAULT 0,
  category_bucket      text,
  price_band           text,
  pipeline_version     text,
  models               jsonb,
  request_id           text NOT NULL,
  session_id           text NOT NULL,
  timestamp_ms         bigint NOT NULL,
  created_at           timestamptz NOT NULL,
  PRIMARY KEY (stream, id)
);
CREATE INDEX IF NOT EXISTS reco_interleave_clicks_of_anchor
  ON reco_interleave_click_events (anchor_product_id, block);

-- aurora_append for a group that holds feedback or clicks; every other group calls the shorter one at once.
CREATE OR REPLACE FUNCTION aurora_append(
  p_heads text[], p_expected bigint[], p_reached bigint[],
  p_stream text[], p_version bigint[], p_id uuid[], p_type text[], p_schema integer[], p_data text[], p_meta text[],
  p_profiles text, p_logs text, p_artifacts text, p_plans text, p_runs text, p_conversations text,
  p_swept text[], p_before timestamptz[], p_sweeping bigint[],
  p_feedback text, p_clicks text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM aurora_append(
    p_heads, p_expected, p_reached, p_stream, p_version, p_id, p_type, p_schema, p_data, p_meta,
    p_profiles, p_logs, p_artifacts, p_plans, p_runs, p_conversations, p_swept, p_before, p_sweeping);
  IF p_feedback IS NOT NULL THEN
    INSERT INTO reco_employee_feedback_events
      SELECT * FROM json_populate_recordset(NULL::reco_employee_feedback_events, p_feedback::json);
  END IF;
  IF p_clicks IS NOT NULL THEN
    INSERT INTO reco_interleave_click_events
      SELECT * FROM json_populate_recordset(NULL::reco_interleave_click_events, p_clicks::json);
  END IF;
END
$$;

-- As in 100, and the two tables above.
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
  DELETE FROM reco_employee_feedback_events WHERE stream = p_stream;
  DELETE FROM reco_interleave_click_events WHERE stream = p_stream;
END
$$;
