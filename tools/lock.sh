#!/bin/sh
# Pin every dependency with its hashes, for any platform and Python 3.11 or later. Usage: tools/lock.sh [path of uv]
# Written without addresses: whoever installs uses the package index of their own configuration.
set -eu
cd "$(dirname "$0")/.."
uv=${1:-uv}
pin() {
  "$uv" pip compile --quiet --upgrade --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --no-annotate --custom-compile-command "make lock" "$@" >/dev/null
}
pin pyproject.toml --output-file requirements/run.txt
pin requirements/build.in --constraint requirements/run.txt --output-file requirements/build.txt
pin pyproject.toml --extra service --extra mcp --extra pdf --extra slides --constraint requirements/run.txt \
  --output-file requirements/serve.txt
pin pyproject.toml requirements/build.in --group dev --extra service --extra mcp --extra pdf --extra slides \
  --extra population --constraint requirements/run.txt --constraint requirements/build.txt --constraint requirements/serve.txt \
  --output-file requirements/dev.txt
pin pyproject.toml --extra population --constraint requirements/run.txt --constraint requirements/dev.txt \
  --output-file requirements/population.txt
pin requirements/spark.in --output-file requirements/spark.txt  # an environment of its own: 430 MB
pin requirements/healthchain.in --output-file requirements/healthchain.txt  # an environment of its own
