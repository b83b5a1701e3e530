"""The modules of scripts/fetch-models, some of which all scripts use. Standard library only.

main         the command line
packs        pack.toml, read and checked
present      the state of the files in the models folder
recipe       from pack.toml's sources and steps to files
cache        verified files by their hash; the lock
clients      addresses from which the user's pip and npm would download a package
download     one archive, resumed where it stopped
environment  Python environments: for one run, or kept in the cache
node         Node, npm, and packages for Node that are kept in the cache
tools        the temporary environment in which converters run
report       messages to the user
fault        the exception that becomes an error line
children     processes that end with the script
command      ends a script with one line and cleans up
"""
