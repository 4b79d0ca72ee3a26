INSERT INTO day_revisions AS raised (day, revision)
SELECT item.day, 1
FROM {rows}
WHERE true
ON CONFLICT (day) DO UPDATE SET revision = raised.revision + 1
