-- Days before closed_before are closed; of those before logs_removed_before the logs are gone as well.
ALTER TABLE settings ADD COLUMN logs_removed_before TEXT;
