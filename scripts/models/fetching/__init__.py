"""How scripts/fetch-models gets the model packs, and what all scripts share with it. Standard library only.

main         the command line
packs        pack.toml, read and checked
present      what is in the models folder and whether it is whole
recipe       from pack.toml's sources and steps to files
cache        verified files by their hash; the lock
clients      where the user's pip and npm would download a package from
download     one archive, resumed where it stopped
environment  Python environments: for one run, or kept in the cache
tools        the throw-away one in which converters run
report       what the user sees
fault        the one exception that becomes the user's error line
children     processes that end with the script
command      how a script ends: one line, and nothing left behind
"""
