SELECT COUNT(*) FROM (SELECT 1 FROM rejected_logs WHERE client = {client} LIMIT {limit}) AS kept
