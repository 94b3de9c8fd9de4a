INSERT INTO records (id, accession, project_id, name, created) VALUES ('r1', 'FOM-402917', 'j1', 'adk', 1.0);
INSERT INTO versions (id, record_id, number, is_current, state, title, owner_id, created) VALUES ('v1', 'r1', 1, FALSE, 'published', 'AdK', 'p1', 1.0);
INSERT INTO versions (id, record_id, number, is_current, state, title, owner_id, created) VALUES ('v2', 'r1', 2, TRUE, 'private', 'AdK', 'p2', 2.0);
INSERT INTO files (id, version_id, position, name, file_type, digest, size, facts, topology, offsets_digest) VALUES ('f1', 'v1', 0, 'adk.psf', 'PSF', 'a', 7000, '{"n_atoms":3341}', NULL, NULL);
INSERT INTO files (id, version_id, position, name, file_type, digest, size, facts, topology, offsets_digest) VALUES ('f2', 'v1', 1, 'adk.xtc', 'XTC', 'b', 1099511627776, '{}', 'adk.psf', 'c');
INSERT INTO replicas (digest, site, state, generation, device, inode, size, mtime_ns, ctime_ns) VALUES ('a', 'site-a', 'good', 3, -1, 5, 1099511627776, 1700000000000000001, 2);
