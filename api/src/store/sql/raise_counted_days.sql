INSERT INTO day_revisions AS raised (day, revision)
SELECT counted.day, 1
FROM (SELECT day FROM viewing_days WHERE day >= {from} UNION SELECT day FROM completions WHERE day >= {from}) AS counted
WHERE true
ON CONFLICT (day) DO UPDATE SET revision = raised.revision + 1
