-- What was taken back stays so, also where the clock of whoever asks is behind.
INSERT INTO token_revocations (subject, before)
VALUES ({subject}, {now})
ON CONFLICT (subject) DO UPDATE SET before =
    GREATEST(token_revocations.before, excluded.before) -- postgres
    max(token_revocations.before, excluded.before) -- sqlite
