UPDATE users
SET role = {role}, password_hash = {password_hash}, updated_at = {now}
WHERE name = {name}
