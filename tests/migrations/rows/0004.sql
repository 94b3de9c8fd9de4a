INSERT INTO methods (id, name, version, rank, bundle_digest, environment, reviewers, signed, signature, bundle, schema) VALUES ('m1', 'rmsd', '1.0.0', '1', 'e', 'mdanalysis', '["ada"]', 8589934592, 'sig', 'bundle', '{}');
UPDATE registry SET snapshot = 1;
INSERT INTO results (key, site, blob, size, wall_s, computed, way) VALUES ('k1', 'site-a', 'blob', 1099511627776, 0.25, 1700000000.125, 'hot');
INSERT INTO result_sources (key, site, digest) VALUES ('k1', 'site-a', 'a');
