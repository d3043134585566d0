"""The HTML report: a folder of static pages that shows what the pinned fixtures are.

``facts`` gathers and verifies, ``meanings`` says what each figure is, ``limits`` how far it is from
its limit, ``training`` reads what the training stage left, ``figures`` draws, ``pages`` writes
HTML, ``page`` is one fixture's, ``folder`` is the report on disk, ``program`` says what makes it,
``build`` joins them. ``clustered`` has pages drawn by the workers of a cluster, which do ``task``.
"""
