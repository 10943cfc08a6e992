"""`python -m gan_notebooks`: the command `gan-notebooks`."""

from gan_notebooks.cli import main

main()
