-- SQLite has neither schemas nor roles: whoever can read the file reads the tables.
SELECT 1;
