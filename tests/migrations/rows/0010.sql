UPDATE versions SET licence = 'CC-BY-4.0' WHERE id = 'v2';
INSERT INTO audit (number, time, actor, action, subject, details, previous, digest) VALUES (1, 1700000000.125, 'ada', 'published', 'FOM-402917.v2', '{}', '', 'd1');
INSERT INTO audit_seals (site, number, digest, time, signature, certificate) VALUES ('site-a', 1, 'd1', 1700000000.125, 'sig', 'pem');
