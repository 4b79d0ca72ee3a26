-- SQLite's groups append rows: to write one is a call in this process.
SELECT 1;
