"""Sphinx's settings for the site, whose pages `python -m gan_notebooks.site` prepares."""

from docutils import nodes

from gan_notebooks import repository
from gan_notebooks.pages import mathml

project = "Adversarial Digits"
html_title = project
language = "en"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # the stored outputs are shown
nb_render_markdown_format = "myst"  # tables in outputs, too
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
suppress_warnings = ["mystnb.unknown_mime_type"]  # the lesson's record, for programs
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True  # a formula in the midst of a line, too
html_theme = "sphinx_book_theme"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system
html_theme_options = {
    "repository_url": f"https://github.com/{repository.address()}",
    "repository_branch": "main",
    "path_to_docs": "notebooks",
    "navbar_persistent": [],  # its search field is in the sidebar already
    "footer_content_items": [],  # no author, no copyright, no date
    "use_repository_button": True,
    "use_download_button": False,  # not the lesson itself, but what was prepared
    "launch_buttons": {
        "colab_url": "https://colab.research.google.com",
        "binderhub_url": "https://mybinder.org",
        "notebook_interface": "jupyterlab",
    },
}
html_sidebars = {"**": ["brand.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("site.js", "live.js")]
html_copy_source = False
html_use_index = False
html_math_renderer = "mathml"


def _write_inline(translator, node):
    translator.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _write_block(translator, node):
    translator.body.append(f'<div class="formula">{mathml(node.astext(), is_block=True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Formulas as MathML, which browsers draw by themselves."""
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))
