"""Ends a script with one line and exit code 2 if Python is too old for it. This file must stay readable for an old Python."""

import os
import sys

if sys.version_info < (3, 11):
    name = os.path.basename(sys.argv[0])
    sys.stderr.write(
        "%s: Python 3.11 or newer is needed and this is %d.%d; install it (on Debian: apt install python3) "
        "and run: python3.11 scripts/%s\n" % (name, sys.version_info[0], sys.version_info[1], name)
    )
    sys.exit(2)
