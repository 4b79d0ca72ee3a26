-- Only while the password that was shown is the user's: whoever changes it ends every session, and must find this one.
INSERT INTO sessions (cookie_hash, user_name, created_at, last_seen_at, expires_at)
SELECT {cookie_hash}, name, {now}, {now}, {expires_at}
FROM users
WHERE name = {name} AND password_hash = {secret_hash}
FOR SHARE -- postgres
