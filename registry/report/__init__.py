"""Pages for a browser: the report on pinned fixtures, and the comparison of two.

``facts`` gathers and verifies, ``training`` reads what training left, ``criteria`` what
explains the checks, ``figures`` draws, ``pages`` writes HTML, ``page`` is one fixture's,
``comparison`` that of two, ``folder`` is the report on disk, ``program`` says what makes it,
``build`` joins them. ``clustered`` has pages drawn by the workers of a cluster, which do ``task``.
"""
