INSERT INTO deposits (id, principal_id, key, request_digest, site, state, title, project_id, name, new_version_of, version_id, refusal, created) VALUES ('d1', 'p1', 'k', 'q', 'site-a', 'accepted', 'AdK', 'j1', 'adk', 'r1', 'v1', NULL, 1.0);
INSERT INTO uploads (id, deposit_id, position, name, size, topology, digest) VALUES ('u1', 'd1', 0, 'adk.psf', 7000, NULL, 'a');
