INSERT INTO placements (version_id, site) VALUES ('v2', 'site-b');
INSERT INTO supersessions (version_id, by_id) VALUES ('v1', 'v2');
INSERT INTO systems (version_id, file, aspect, fingerprint) VALUES ('v1', 'adk.psf', 'size', 'f1');
