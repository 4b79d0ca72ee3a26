-- A change of the client that is under way is waited for.
SELECT scopes FROM api_clients
WHERE client_id = {client_id} AND secret_hash = {secret_hash}
FOR SHARE -- postgres
