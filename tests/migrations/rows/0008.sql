INSERT INTO method_health (method_id, site, environment_digest, ok, message, checked) VALUES ('m1', 'a', 'e1', TRUE, '', 1700000000.125)
