INSERT INTO identities (issuer, subject, principal_id, created) VALUES ('https://orcid.org', '0000-0002-1825-0097', 'p1', 3.0);
INSERT INTO logins (proof, issuer, subject, handle, until) VALUES ('d1', 'https://orcid.org', '0000-0002-1825-0097', 'h1', 4.0);
INSERT INTO logins (proof, issuer, subject, handle, until) VALUES ('d2', 'https://orcid.org', '0000-0002-1825-0097', NULL, 4.0)
