INSERT INTO affiliations (principal_id, institution) VALUES ('p2', 'Institute of Water');
INSERT INTO reviewers (principal_id, since, until) VALUES ('p2', 1.0, NULL);
INSERT INTO method_names (name, author_id) VALUES ('rmsd', 'p1');
INSERT INTO submissions (id, name, version, bundle_digest, author_id, state, reason, site, bundle, record_id, file, environment_digest, report, created, changed) VALUES ('s1', 'rmsd', '1.1.0', 'e', 'p1', 'draft', '', 'site-a', 'bundle', NULL, NULL, NULL, NULL, 1.0, 1.0);
UPDATE submissions SET state = 'checking' WHERE id = 's1';
UPDATE submissions SET state = 'in review', report = '{}', environment_digest = 'f' WHERE id = 's1';
INSERT INTO review_approvals (submission_id, reviewer_id, author_id, bundle_digest, key_id, signature, statement, created) VALUES ('s1', 'p2', 'p1', 'e', 'k', 'sig', '{}', 2.0);
UPDATE submissions SET state = 'approved' WHERE id = 's1';
INSERT INTO submission_events (id, submission_id, principal_id, what, text, created) VALUES ('e1', 's1', 'p2', 'signed', '', 2.0);
