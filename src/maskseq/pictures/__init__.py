"""Pictures and tables as text of HTML and SVG, for notebooks and pages. Nothing is imported."""
