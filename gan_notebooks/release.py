"""Make badges and setup cells lead to a release, or back to main: `make release`.

    python -m gan_notebooks.release            to the tag of pyproject's version, such as v0.2.0
    python -m gan_notebooks.release main       back: on main a setup cell installs main

The tag itself is made by whoever publishes; a test allows the first only in a commit that has it.
"""

import argparse
import re
import sys

from gan_notebooks import repository
from gan_notebooks.commands import exit_code
from gan_notebooks.errors import CourseError

MAIN = "main"
REF = rf"(?:{MAIN}|v\d[\w.]*)"


def tag(root=repository.ROOT):
    """The tag (str) of the version in pyproject.toml, such as "v0.2.0"."""
    return f"v{repository.version(root)}"


def refs_in(text, address):
    """The refs (set of str) of the repository to which badges and setup cells in `text` lead."""
    place = re.escape(address)
    badges = re.findall(rf"(?:{place}/blob/|v2/gh/{place}/)({REF})[/?]", text)
    pins = re.findall(rf"git\+https://github\.com/{place}(?:@({REF}))?", text)
    return {*badges, *(pin or MAIN for pin in pins)}


def pointed_to(text, address, ref):
    """`text` with its badges and setup cells leading to `ref`, a tag or "main"."""
    place = re.escape(address)
    text = re.sub(rf"({place}/blob/|v2/gh/{place}/){REF}(?=[/?])", rf"\g<1>{ref}", text)
    pin = "" if ref == MAIN else f"@{ref}"
    return re.sub(rf"(git\+https://github\.com/{place})(?:@{REF})?", rf"\g<1>{pin}", text)


def point_to(ref, root=repository.ROOT):
    """Let all badges and setup cells lead to `ref`. Stored outputs stay those of their cells."""
    address = repository.address(root)
    repository.rewrite(lambda text: pointed_to(text, address, ref), root)


def release(options):
    """`python -m gan_notebooks.release`. Returns True."""
    own_tag = tag()
    ref = options.ref or own_tag
    if ref not in (MAIN, own_tag):
        raise CourseError(
            f"the ref must be main or {own_tag}, by pyproject's version, got {ref!r}: change the "
            "version first"
        )
    point_to(ref)
    print(f"Badges and setup cells lead to {ref}.")
    if ref != MAIN:
        print(f"Commit, `git tag {ref}`, `make test`, publish; then `make release REF=main`.")
    return True


def main(arguments=None):
    """The command line; ends the process. Codes as of `gan-notebooks`."""
    parser = argparse.ArgumentParser(
        prog="python -m gan_notebooks.release",
        description="Make badges and setup cells lead to the tag of pyproject's version. Like "
        "`publish address`, this changes sources.",
    )
    parser.add_argument("ref", nargs="?", help="main: back to it")
    parser.set_defaults(do=release)
    sys.exit(exit_code(parser, parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
