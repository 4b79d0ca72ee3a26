INSERT INTO daily_reports (day, report, generated_at, revision)
VALUES ({day}, {report}, {generated_at}, {revision})
ON CONFLICT (day) DO NOTHING
