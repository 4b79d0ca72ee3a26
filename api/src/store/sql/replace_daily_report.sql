-- Only the report that was there when the figures were read: another one may know more.
UPDATE daily_reports
SET report = {report}, generated_at = {generated_at}, revision = {revision}
WHERE day = {day} AND revision = {old_revision} AND generated_at = {old_generated_at}
