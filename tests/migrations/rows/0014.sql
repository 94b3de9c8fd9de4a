UPDATE placements SET coming = TRUE WHERE version_id = 'v2'
