"""The wall: what starts strangers' code, holds it, and counts what it uses.

Start reading at ``policy`` (what a guest may see), ``filters`` (what it may ask of the kernel) and ``limits`` (how much
of everything). ``warden_process`` is what starts guests; ``launch`` is the only module that starts processes.
"""
