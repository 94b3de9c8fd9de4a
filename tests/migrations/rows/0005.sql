INSERT INTO operations (id, principal_id, key, request_digest, method, home, state, created, done, total, cancel_requested, provenance, result_site, result_blob, result_key, schema_json, result_size) VALUES ('o1', 'p1', 'k', 'q', 'rmsd', 'site-a', 'done', 1.0, 98, 98, FALSE, '{}', 'site-a', 'blob', 'k1', '{}', 1099511627776);
INSERT INTO sites (name, address, peer_address, certificate_digest, wall, heartbeat, running, waiting, slots, environments) VALUES ('site-a', 'h:1', 'h:2', 'c', 'FULL', 1.0, 1, 2, 4, '["e"]');
INSERT INTO settings (key, value) VALUES ('name', 'federation');
