"""Guest: the probes; one module for each file type recognises a deposited file, checks it and reads its facts."""
