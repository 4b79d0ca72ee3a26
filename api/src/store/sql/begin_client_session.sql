-- Only while the secret that was shown is the client's: whoever changes it ends every session, and must find this one.
INSERT INTO sessions (cookie_hash, client_id, created_at, last_seen_at, expires_at)
SELECT {cookie_hash}, client_id, {now}, {now}, {expires_at}
FROM api_clients
WHERE client_id = {name} AND secret_hash = {secret_hash}
FOR SHARE -- postgres
