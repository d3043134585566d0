"""The HTML report: a folder of static pages that shows what the pinned fixtures are.

``facts`` gathers and verifies, ``meanings`` says what each figure is, ``limits`` how far it is from
its limit, ``training`` reads what the training stage left, ``figures`` draws, ``pages`` writes
HTML, ``folder`` is the report on disk, ``build`` joins them.
"""
