INSERT INTO file_places (version_id, site, digest, path, guard, handed_by) VALUES ('v2', 'site-b', 'd1', '/data/adk.psf', 'lease', 1000)
