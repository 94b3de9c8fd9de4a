UPDATE replicas SET path = '/data/adk.psf', guard = 'lease', handed_by = 4294967294, checked = 1700000000.5 WHERE digest = 'a'
