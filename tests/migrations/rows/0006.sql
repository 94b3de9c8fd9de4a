INSERT INTO approvals (method_id, key_id, statement, signature) VALUES ('m1', 'k1', '{}', 'sig');
INSERT INTO verdicts (method_id, key_id, state, statement, signature) VALUES ('m1', 'k1', 'revoked', '{}', 'sig');
INSERT INTO public_keys (id, principal_id, public, label, created) VALUES ('k1', 'p1', 'public', 'laptop', 1700000000.125);
INSERT INTO trust_documents (name, version, content) VALUES ('1.root.json', 4294967296, '{}');
INSERT INTO environments (lock_digest, name, lock, added) VALUES ('l1', 'mdanalysis', 'numpy==2.0', 1700000000.125)
