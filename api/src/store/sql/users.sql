-- Users in the order of their name, each on as many rows as classrooms are theirs, or on one without.
SELECT wanted.name, wanted.role, wanted.password_hash, wanted.created_at, wanted.updated_at, bound.classroom
FROM (SELECT name, role, password_hash, created_at, updated_at FROM users {which}) AS wanted
LEFT JOIN user_classrooms AS bound ON bound.name = wanted.name
ORDER BY wanted.name
