-- What is known of a person: the profile and one check-in a day. Both tables are projections of
-- aurora_events: dropping them loses nothing, migrating again and rebuilding brings every row back.
-- They are created in final shape. No later migration touches them and nothing references them, so
-- the runbook's rollback works as printed.

CREATE TABLE IF NOT EXISTS aurora_user_profiles (
  stream                text PRIMARY KEY,
  aurora_uid            text,
  user_id               text,
  skin_type             text,
  sensitivity           text,
  barrier_status        text,
  goals                 jsonb,
  region                text,
  budget_tier           text,
  current_routine       jsonb,
  itinerary             jsonb,
  contraindications     jsonb,
  lang_pref             text,
  age_band              text,
  pregnancy_status      text,
  lactation_status      text,
  high_risk_medications jsonb,
  travel_plan           jsonb,
  last_analysis         jsonb,
  last_analysis_at      timestamptz,
  last_analysis_lang    text,
  version               bigint NOT NULL,
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  deleted_at            timestamptz
);

CREATE TABLE IF NOT EXISTS aurora_skin_logs (
  stream         text NOT NULL,
  log_date       date NOT NULL,
  id             text NOT NULL,
  aurora_uid     text,
  user_id        text,
  redness        smallint,
  acne           smallint,
  hydration      smallint,
  notes          text,
  target_product text,
  sensation      text,
  version        bigint NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, log_date)
);
