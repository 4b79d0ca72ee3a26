-- SQLite has the same from the step `covering_indexes` on.
SELECT 1;
