"""From evidence to case: read every unit once, assign it to hosts, judge, write the case.

`beginning` is light, so that work begins while the rest is imported; `scan` is the main job.
"""
