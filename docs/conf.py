"""Settings of the site that `make site` builds out of these pages and the docstrings."""

import sys
from pathlib import Path

import maskseq

sys.path.insert(0, str(Path(__file__).parent / "site"))

project = "maskseq"
author = "the maskseq developers"
copyright = author
version = release = maskseq.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "reference"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["site"]
# Links to files beside docs/ are those of the repository: tests/docs checks them.
suppress_warnings = ["myst.xref_missing"]
default_role = "py:obj"  # `name` in a docstring is code, and a link where it names something
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"maskseq {release}"
html_show_sourcelink = False
templates_path = ["site/templates"]
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_sidebars = {"**": ["pages"], "index": [], "genindex": [], "search": []}
html_theme_options = {
    "navigation_with_keys": False,
    "navbar_center": [],  # the side bar lists the pages
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}
