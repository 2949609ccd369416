-- How an operator looks for a turn: by the id in an answer, by the session, by when. Days made from now on
-- inherit these; for days that are there it locks each of them while it is indexed, once.

CREATE INDEX IF NOT EXISTS aurora_traces_request ON aurora_traces (request_id);
CREATE INDEX IF NOT EXISTS aurora_traces_trace ON aurora_traces (trace_id);
CREATE INDEX IF NOT EXISTS aurora_traces_brief ON aurora_traces (brief_id) WHERE brief_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS aurora_traces_when ON aurora_traces (opened_at);
