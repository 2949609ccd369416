-- What an analysis left behind: the artifact that unlocks recommendations, the ingredient plan made
-- from it, and the recommendations given. Projections of aurora_events; aged by a DiagnosisExpired event.

CREATE TABLE IF NOT EXISTS aurora_skin_diagnosis_artifacts (
  stream           text NOT NULL,
  artifact_id      text NOT NULL,
  aurora_uid       text,
  user_id          text,
  session_id       text,
  artifact_json    jsonb NOT NULL DEFAULT '{}',
  confidence_score numeric(5, 4),
  confidence_level text,
  source_mix       jsonb,
  version          bigint NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, artifact_id)
);
CREATE INDEX IF NOT EXISTS aurora_skin_diagnosis_artifacts_newest
  ON aurora_skin_diagnosis_artifacts (stream, created_at DESC);
CREATE INDEX IF NOT EXISTS aurora_skin_diagnosis_artifacts_age ON aurora_skin_diagnosis_artifacts (created_at);

CREATE TABLE IF NOT EXISTS aurora_ingredient_plans (
  stream      text NOT NULL,
  plan_id     text NOT NULL,
  artifact_id text NOT NULL,
  aurora_uid  text,
  user_id     text,
  plan_json   jsonb NOT NULL DEFAULT '{}',
  intensity   text,
  version     bigint NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, plan_id)
);
CREATE INDEX IF NOT EXISTS aurora_ingredient_plans_of_artifact
  ON aurora_ingredient_plans (stream, artifact_id, created_at DESC);
CREATE INDEX IF NOT EXISTS aurora_ingredient_plans_age ON aurora_ingredient_plans (created_at);

CREATE TABLE IF NOT EXISTS aurora_reco_runs (
  stream               text NOT NULL,
  reco_run_id          text NOT NULL,
  artifact_id          text,
  plan_id              text,
  aurora_uid           text,
  user_id              text,
  request_context_json jsonb NOT NULL DEFAULT '{}',
  reco_json            jsonb NOT NULL DEFAULT '{}',
  overall_confidence   numeric(5, 4),
  version              bigint NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, reco_run_id)
);
CREATE INDEX IF NOT EXISTS aurora_reco_runs_newest ON aurora_reco_runs (stream, created_at DESC);
CREATE INDEX IF NOT EXISTS aurora_reco_runs_age ON aurora_reco_runs (created_at);
