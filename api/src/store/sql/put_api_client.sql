INSERT INTO api_clients (client_id, secret_hash, scopes, created_at, updated_at)
VALUES ({client_id}, {secret_hash}, {scopes}, {now}, {now})
ON CONFLICT (client_id) DO UPDATE
SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, updated_at = excluded.updated_at
