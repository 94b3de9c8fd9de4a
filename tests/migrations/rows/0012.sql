INSERT INTO metadata_terms (version_id, position, name, origin, file, number, text) VALUES ('v2', 0, 'target_temperature', 'extracted', 'md.mdp', 300.125, '300125');
INSERT INTO metadata_terms (version_id, position, name, origin, file, number, text) VALUES ('v2', 1, 'ensemble_type', 'claimed', '', NULL, 'npt');
INSERT INTO quality_checks (id, version_id, file, name, site, state, message, method_version, n_findings, findings, checked) VALUES ('q1', 'v2', 'adk.xtc', 'integrity', 'site-a', 'failed', '', '1.0.0', 9876543210, '[]', 1700000000.125);
INSERT INTO quality_checks (id, version_id, file, name, site, state, message, method_version, n_findings, findings, checked) VALUES ('q2', 'v2', 'adk.xtc', 'bonds', 'site-a', 'waiting', '', '', 0, '[]', NULL);
INSERT INTO quality_waivers (check_id, principal_id, reason, created) VALUES ('q1', 'p1', 'a jump at a restart', 1700000000.125);
