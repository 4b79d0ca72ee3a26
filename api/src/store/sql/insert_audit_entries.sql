INSERT INTO audit_log (at, actor, actor_kind, action, target, outcome, times, address, request_id, detail)
SELECT item.at,
       -- Whoever fails to sign in may have typed a password where the name belongs: a name that nobody has is not kept.
       CASE WHEN item.is_claimed = 0 OR COALESCE(api_clients.client_id, users.name) IS NOT NULL THEN item.actor
            ELSE 'unknown' END,
       CASE WHEN item.is_claimed = 0 THEN item.actor_kind
            WHEN api_clients.client_id IS NOT NULL THEN 'client'
            WHEN users.name IS NOT NULL THEN 'user'
            ELSE 'anonymous' END,
       item.action,
       -- Whom a request named by the external id is told by our id.
       CASE WHEN students.student_id IS NOT NULL THEN 'student:' || CAST(students.student_id AS text)
            ELSE NULLIF(item.target, '') END,
       item.outcome, item.times, NULLIF(item.address, ''), NULLIF(item.request_id, ''), NULLIF(item.detail, '')
FROM {rows}
LEFT JOIN students ON item.learner <> '' AND students.external_id = item.learner
LEFT JOIN api_clients ON item.is_claimed = 1 AND api_clients.client_id = item.actor
LEFT JOIN users ON item.is_claimed = 1 AND users.name = item.actor
ORDER BY item.place
