-- One person, two names: which account a device stands for, and the end of an account's memory.

-- The newest session that was opened on a device: asked with every request that shows no token.
CREATE INDEX IF NOT EXISTS aurora_auth_sessions_of_device ON aurora_auth_sessions (device, created_at DESC);

-- Erases a stream for ever: its epoch is past every epoch, so that no turn which is still under way can write
-- to it, whatever it has read. Called in the transaction that deletes the account (whose id never comes
-- again). The number is aurora.store.projections.CLOSED_EPOCH.
CREATE OR REPLACE FUNCTION aurora_close(p_stream text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM aurora_erase(p_stream);
  UPDATE aurora_streams SET epoch = greatest(epoch, 4503599627370496) WHERE stream = p_stream;
END
$$;
