"""Versioned generators, and the two runners that DVC's stages call.

A file whose name ends in ``_vN`` is frozen byte for byte once a fixture made with it is published;
a fix is a new version. The runners (``source``, ``fixture``, ``declaration``) do all the input and
output and may change as long as no pinned byte does.
"""
