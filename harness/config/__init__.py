"""What is asked: protocols, the overrides laid on them, and the frozen descriptions of a comparison and of a trial.

- ``request``: what a user asks for. ``defaults``: what holds where nothing is named.
- ``names``: which names there are, read without torch. ``plugins``: a user's own modules.
- ``protocol``: the named protocols, and what ``--set`` lays on them. ``plain``: a protocol's YAML, unchecked.
- ``protocols``: the YAML files, one a protocol. ``sections``: the groups of fields that a protocol fixes.
- ``trial``: what one trial is, and its hash. ``variation``: what a sweep varies.
- ``reference``: the protocols as a page of the documentation.
"""
