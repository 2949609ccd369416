-- Where the conversation of one identity and brief stands. A projection of the newest ConversationMoved;
-- kept 24 hours, row and events alike.

CREATE TABLE IF NOT EXISTS aurora_conversations (
  stream     text NOT NULL,
  brief_id   text NOT NULL,
  state      jsonb NOT NULL,
  version    bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (stream, brief_id)
);
