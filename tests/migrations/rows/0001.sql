INSERT INTO principals (id, name, created) VALUES ('p1', 'ada', 1.5);
INSERT INTO principals (id, name, created) VALUES ('p2', 'bob', 2.5);
INSERT INTO tokens (handle, principal_id, label, sha256, created, expires, revoked) VALUES ('h1', 'p1', 'laptop', 'd', 1.0, NULL, 2.0);
INSERT INTO projects (id, name, created) VALUES ('j1', 'ada', 1.5);
INSERT INTO members (project_id, principal_id) VALUES ('j1', 'p1');
INSERT INTO members (project_id, principal_id) VALUES ('j1', 'p2');
