"""From evidence to case: read every unit once, assign it to hosts, judge, write the case."""

from extriage.pipeline.pack import Content, Pack, load_pack

__all__ = ["Content", "Pack", "load_pack"]
