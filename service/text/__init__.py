"""Markdown + LaTeX → safe HTML. Pure: no files, no network, no database."""

from service.text.markdown import render
from service.text.plain import excerpt
from service.text.rendered import RENDERER_VERSION, PaperReference, Rendered

__all__ = ["RENDERER_VERSION", "PaperReference", "Rendered", "excerpt", "render"]
