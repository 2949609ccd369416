-- Accounts: who may sign in, open codes, live sessions, and how often was tried. Not part of the event log:
-- secrets do not belong into a history, and none of this is ever rebuilt. Codes, tokens, passwords, clients
-- and the addresses of people who are not known yet stand here only as keyed hashes.

CREATE TABLE IF NOT EXISTS aurora_users (
  user_id             text PRIMARY KEY,
  email               text NOT NULL UNIQUE,
  password_salt       text,
  password_hash       text,
  password_params     json,
  password_updated_at timestamptz,
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL
);

-- One open code an address: a new one replaces it.
CREATE TABLE IF NOT EXISTS aurora_auth_challenges (
  address      text PRIMARY KEY,
  challenge_id text NOT NULL,
  code_hash    text NOT NULL,
  attempts     smallint NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS aurora_auth_challenges_expiry ON aurora_auth_challenges (expires_at);

-- `device`: stream key of the UID on which the session was opened.
CREATE TABLE IF NOT EXISTS aurora_auth_sessions (
  token_hash text PRIMARY KEY,
  user_id    text NOT NULL,
  device     text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS aurora_auth_sessions_user ON aurora_auth_sessions (user_id, created_at DESC);
CREATE INDEX IF NOT EXISTS aurora_auth_sessions_expiry ON aurora_auth_sessions (expires_at);

-- Tries of one key (an address or a client, for one purpose) until `resets_at`.
CREATE TABLE IF NOT EXISTS aurora_auth_limits (
  key          text PRIMARY KEY,
  count        integer NOT NULL,
  resets_at    timestamptz NOT NULL,
  locked_until timestamptz
);
CREATE INDEX IF NOT EXISTS aurora_auth_limits_expiry ON aurora_auth_limits (resets_at);
